"""The tables of access and money: who may do what, what it may cost, and what it has cost so far.

Beside `tables.py`, whose `metadata` they share. A trigger on each tells every process that something changed (CHANGED_ACCESS);
what a meter counts is no such change.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Table,
    Text,
    text,
)

from .tables import metadata

USD = Numeric(18, 6)
"""Dollars, or another quantity that is summed: exact to a millionth."""

SOURCE = "api or file: who declared it, and may change it"


def _times() -> list[Column[object]]:
    return [
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    ]


def _source(table: str) -> list[Column[object] | CheckConstraint]:
    return [
        Column("source", Text, nullable=False, server_default=text("'api'"), comment=SOURCE),
        CheckConstraint("source IN ('api', 'file')", name=f"{table}_source_known"),
    ]


customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True, comment="customer_ + ULID"),
    Column("name", Text, nullable=False, unique=True),
    *_source("customers"),
    *_times(),
    comment="who pays in the end",
)

teams = Table(
    "teams",
    metadata,
    Column("id", Text, primary_key=True, comment="team_ + ULID"),
    Column("name", Text, nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey("customers.id", ondelete="SET NULL")),
    *_source("teams"),
    *_times(),
    Index("teams_by_customer", "customer_id"),
    comment="who shares budgets and limits",
)

virtual_keys = Table(
    "virtual_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="vk_ + ULID: the owner of the jobs that are made with it"),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text),
    Column("digest", LargeBinary, nullable=False, unique=True, comment="SHA-256 of its value, which is nowhere else"),
    Column("hint", Text, nullable=False, comment="the last characters of its value, to be recognised by"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("expires_at", DateTime(timezone=True), comment="from then on it is refused"),
    Column("team_id", Text, ForeignKey("teams.id", ondelete="SET NULL")),
    Column("customer_id", Text, ForeignKey("customers.id", ondelete="SET NULL")),
    Column("allow_all_providers", Boolean, nullable=False, server_default=text("false")),
    Column(
        "provider_configs",
        JSON,
        nullable=False,
        server_default=text("'[]'"),
        comment="[{provider, allowed_models, blacklisted_models, key_ids}]: what it may be used for",
    ),
    Column("disable_content_logging", Boolean, comment="NULL: as for everybody"),
    Column("retention_days", Float, comment="for how long files of its jobs are kept; NULL: as for everybody"),
    *_source("virtual_keys"),
    *_times(),
    CheckConstraint("team_id IS NULL OR customer_id IS NULL", name="virtual_keys_one_above"),
    Index("virtual_keys_by_team", "team_id"),
    Index("virtual_keys_by_customer", "customer_id"),
    comment="the credentials that the gateway gives out",
)

SCOPES = ("virtual_key", "provider_config", "team", "customer", "provider_key", "provider")
METRICS = ("usd", "requests", "concurrent", "seconds", "polls")


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, words))})", name=f"meters_{column}_known")


meters = Table(
    "meters",
    metadata,
    Column("id", Text, primary_key=True, comment="budget_ or limit_ + ULID"),
    Column("kind", Text, nullable=False, comment="budget (402 when it is spent) or rate_limit (429)"),
    Column("metric", Text, nullable=False, comment="usd, requests, concurrent jobs, seconds of video, or polls"),
    Column("scope", Text, nullable=False, comment="what it is for"),
    Column("scope_id", Text, nullable=False, comment="virtual key/provider, provider/key, or the id of the scope"),
    Column("maximum", USD, nullable=False),
    Column("override_amount", USD, comment="what may be used beyond the maximum"),
    Column(
        "override_until", DateTime(timezone=True), comment="until then, which is the end of a window; NULL: for ever"
    ),
    Column("reset_duration", Text, comment="1m … 1Y; NULL: it never begins anew"),
    Column("calendar_aligned", Boolean, nullable=False, server_default=text("false"), comment="windows begin in UTC"),
    Column("used", USD, nullable=False, server_default=text("0"), comment="in this window, by what is over"),
    Column("held", USD, nullable=False, server_default=text("0"), comment="by what is not over; in no window"),
    Column(
        "window_began", DateTime(timezone=True), nullable=False, server_default=text("now()"), comment="the current one"
    ),
    *_source("meters"),
    *_times(),
    _one_of("kind", ("budget", "rate_limit")),
    _one_of("metric", METRICS),
    _one_of("scope", SCOPES),
    CheckConstraint("held >= 0", name="meters_held_not_negative"),
    Index("meters_by_scope", "scope", "scope_id"),
    comment="budgets and rate limits, and how much of each is used",
)

pricing_overrides = Table(
    "pricing_overrides",
    metadata,
    Column("id", Text, primary_key=True, comment="price_ + ULID"),
    Column("name", Text, nullable=False, unique=True),
    Column("scope_kind", Text, nullable=False),
    Column("provider", Text),
    Column("provider_key", Text),
    Column("virtual_key_id", Text, ForeignKey("virtual_keys.id", ondelete="CASCADE")),
    Column("match_type", Text, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("request_types", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("patch", JSON, nullable=False),
    *_source("pricing_overrides"),
    *_times(),
    comment="prices that are not those of pricing.yaml",
)

providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("settings", JSON, nullable=False, comment="as in the configuration file, without keys; secrets sealed"),
    *_times(),
    comment="the providers that were declared by the API",
)

provider_keys = Table(
    "provider_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="key_ + ULID"),
    Column("provider", Text, nullable=False, comment="one of `providers`, or of the configuration file"),
    Column("name", Text, nullable=False),
    Column("settings", JSON, nullable=False, comment="as in the configuration file; secrets sealed"),
    *_times(),
    Index("provider_keys_by_name", "provider", "name", unique=True),
    comment="the keys of providers that were declared by the API",
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of its token"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    comment="admins who have logged in",
)

options = Table(
    "options",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    comment="what can be set while the gateway runs; see /api/config",
)

TOLD = (customers, teams, virtual_keys, meters, pricing_overrides, providers, provider_keys, sessions, options)
"""The tables whose changes every process is told of."""

CHANGED_ACCESS = "reelgate_access"
"""The NOTIFY channel on which triggers tell every process the name of a table of these that changed."""
