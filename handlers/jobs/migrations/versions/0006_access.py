"""Access and money: virtual keys, teams, customers, budgets and limits, prices, providers; and what each job costs"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TOLD = (
    "customers",
    "teams",
    "virtual_keys",
    "pricing_overrides",
    "providers",
    "provider_keys",
    "sessions",
    "options",
)


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False, comment="customer_ + ULID"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("'api'"),
            nullable=False,
            comment="api or file: who declared it, and may change it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('api', 'file')", name="customers_source_known"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="who pays in the end",
    )
    op.create_table(
        "meters",
        sa.Column("id", sa.Text(), nullable=False, comment="budget_ or limit_ + ULID"),
        sa.Column("kind", sa.Text(), nullable=False, comment="budget (402 when it is spent) or rate_limit (429)"),
        sa.Column(
            "metric", sa.Text(), nullable=False, comment="usd, requests, concurrent jobs, seconds of video, or polls"
        ),
        sa.Column("scope", sa.Text(), nullable=False, comment="what it is for"),
        sa.Column(
            "scope_id", sa.Text(), nullable=False, comment="virtual key/provider, provider/key, or the id of the scope"
        ),
        sa.Column("maximum", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column(
            "override_amount",
            sa.Numeric(precision=18, scale=6),
            nullable=True,
            comment="what may be used beyond the maximum",
        ),
        sa.Column(
            "override_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="until then, which is the end of a window; NULL: for ever",
        ),
        sa.Column("reset_duration", sa.Text(), nullable=True, comment="1m … 1Y; NULL: it never begins anew"),
        sa.Column(
            "calendar_aligned",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="windows begin in UTC",
        ),
        sa.Column(
            "used",
            sa.Numeric(precision=18, scale=6),
            server_default=sa.text("0"),
            nullable=False,
            comment="in this window, by what is over",
        ),
        sa.Column(
            "held",
            sa.Numeric(precision=18, scale=6),
            server_default=sa.text("0"),
            nullable=False,
            comment="by what is not over; in no window",
        ),
        sa.Column(
            "window_began",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="the current one",
        ),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("'api'"),
            nullable=False,
            comment="api or file: who declared it, and may change it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('budget', 'rate_limit')", name="meters_kind_known"),
        sa.CheckConstraint(
            "metric IN ('usd', 'requests', 'concurrent', 'seconds', 'polls')", name="meters_metric_known"
        ),
        sa.CheckConstraint(
            "scope IN ('virtual_key', 'provider_config', 'team', 'customer', 'provider_key', 'provider')",
            name="meters_scope_known",
        ),
        sa.CheckConstraint("source IN ('api', 'file')", name="meters_source_known"),
        sa.CheckConstraint("held >= 0", name="meters_held_not_negative"),
        sa.PrimaryKeyConstraint("id"),
        comment="budgets and rate limits, and how much of each is used",
    )
    op.create_index("meters_by_scope", "meters", ["scope", "scope_id"], unique=False)
    op.create_table(
        "options",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="what can be set while the gateway runs; see /api/config",
    )
    op.create_table(
        "provider_keys",
        sa.Column("id", sa.Text(), nullable=False, comment="key_ + ULID"),
        sa.Column("provider", sa.Text(), nullable=False, comment="one of `providers`, or of the configuration file"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False, comment="as in the configuration file; secrets sealed"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="the keys of providers that were declared by the API",
    )
    op.create_index("provider_keys_by_name", "provider_keys", ["provider", "name"], unique=True)
    op.create_table(
        "providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "settings", sa.JSON(), nullable=False, comment="as in the configuration file, without keys; secrets sealed"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="the providers that were declared by the API",
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of its token"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        comment="admins who have logged in",
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Text(), nullable=False, comment="team_ + ULID"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("'api'"),
            nullable=False,
            comment="api or file: who declared it, and may change it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('api', 'file')", name="teams_source_known"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="who shares budgets and limits",
    )
    op.create_index("teams_by_customer", "teams", ["customer_id"], unique=False)
    op.create_table(
        "virtual_keys",
        sa.Column("id", sa.Text(), nullable=False, comment="vk_ + ULID: the owner of the jobs that are made with it"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of its value, which is nowhere else"),
        sa.Column("hint", sa.Text(), nullable=False, comment="the last characters of its value, to be recognised by"),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="from then on it is refused"),
        sa.Column("team_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("allow_all_providers", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "provider_configs",
            sa.JSON(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="[{provider, allowed_models, blacklisted_models, key_ids}]: what it may be used for",
        ),
        sa.Column("disable_content_logging", sa.Boolean(), nullable=True, comment="NULL: as for everybody"),
        sa.Column(
            "retention_days",
            sa.Float(),
            nullable=True,
            comment="for how long files of its jobs are kept; NULL: as for everybody",
        ),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("'api'"),
            nullable=False,
            comment="api or file: who declared it, and may change it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('api', 'file')", name="virtual_keys_source_known"),
        sa.CheckConstraint("team_id IS NULL OR customer_id IS NULL", name="virtual_keys_one_above"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("name"),
        comment="the credentials that the gateway gives out",
    )
    op.create_index("virtual_keys_by_customer", "virtual_keys", ["customer_id"], unique=False)
    op.create_index("virtual_keys_by_team", "virtual_keys", ["team_id"], unique=False)
    op.create_table(
        "pricing_overrides",
        sa.Column("id", sa.Text(), nullable=False, comment="price_ + ULID"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_key", sa.Text(), nullable=True),
        sa.Column("virtual_key_id", sa.Text(), nullable=True),
        sa.Column("match_type", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("request_types", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("patch", sa.JSON(), nullable=False),
        sa.Column(
            "source",
            sa.Text(),
            server_default=sa.text("'api'"),
            nullable=False,
            comment="api or file: who declared it, and may change it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('api', 'file')", name="pricing_overrides_source_known"),
        sa.ForeignKeyConstraint(["virtual_key_id"], ["virtual_keys.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="prices that are not those of pricing.yaml",
    )
    op.add_column(
        "jobs",
        sa.Column(
            "estimate_usd",
            sa.Numeric(precision=18, scale=6),
            nullable=True,
            comment="what it was expected to cost when it was placed; NULL: no price is known",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "tokens",
            sa.JSON(),
            nullable=True,
            comment="{of what: how many} that are charged, as the provider has counted them",
        ),
    )
    op.add_column(
        "jobs", sa.Column("price", sa.JSON(), nullable=True, comment="by which it is priced, as pricing.py writes it")
    )
    op.add_column(
        "jobs",
        sa.Column(
            "holds",
            sa.JSON(),
            nullable=True,
            comment="{id of a meter: how much of it}: what is reserved, or was until it was settled",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when `holds` became what it cost; NULL: they still are",
        ),
    )
    op.alter_column(
        "jobs",
        "cost_usd",
        existing_type=sa.DOUBLE_PRECISION(precision=53),
        type_=sa.Numeric(precision=18, scale=6),
        comment="the provider's own figure; once it is settled, what it cost",
        existing_comment="the provider's own figure",
        existing_nullable=True,
    )
    op.create_index(
        "jobs_of_all",
        "jobs",
        [sa.text('substr(id, 7) COLLATE "C"')],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "jobs_to_settle",
        "jobs",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("holds IS NOT NULL AND settled_at IS NULL"),
    )

    op.execute("""
        CREATE FUNCTION reelgate_tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('reelgate_access', TG_TABLE_NAME);
            RETURN NULL;
        END $$
    """)
    for table in TOLD:
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION reelgate_tell_access_changed()"
        )
    # What a meter counts changes with every job, and is not kept in memory.
    op.execute(
        "CREATE TRIGGER meters_changed AFTER INSERT OR DELETE OR UPDATE OF "
        "maximum, override_amount, override_until, reset_duration, calendar_aligned ON meters "
        "FOR EACH STATEMENT EXECUTE FUNCTION reelgate_tell_access_changed()"
    )


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")
