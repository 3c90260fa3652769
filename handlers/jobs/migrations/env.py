"""What Alembic runs. The URL comes from `database.alembic_config`."""

from alembic import context
from sqlalchemy import TextClause, create_engine, pool

from handlers.jobs import access_tables, log_tables  # noqa: F401  they are in the metadata once they are imported
from handlers.jobs.tables import metadata

# Alembic takes the collation of a column in an index for a difference. A test compares these with those of the database.
collated = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if any(isinstance(part, TextClause) for part in index.expressions)
}

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)


def compared(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    if kind == "table":
        return not (name or "").startswith("logs_")  # a partition
    return kind != "index" or name not in collated


with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, include_object=compared, compare_server_default=False
    )
    with context.begin_transaction():
        context.run_migrations()
