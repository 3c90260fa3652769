"""What Alembic runs. The URL comes from `database.alembic_config`; Procrastinate's tables are its own affair."""

from alembic import context
from sqlalchemy import create_engine, pool

from handlers.jobs.tables import metadata

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)


def ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, include_object=ours, compare_server_default=False
    )
    with context.begin_transaction():
        context.run_migrations()
