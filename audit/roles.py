"""What PostgreSQL lets the roles of docs/operations.md do: servers cannot change the log, the sealer writes checkpoints alone."""

from django.db.backends.base.base import BaseDatabaseWrapper

GRANTS = """\
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO scoreboard_app;
REVOKE UPDATE, DELETE ON audit_auditentry, audit_awardstatement FROM scoreboard_app;
REVOKE INSERT, UPDATE, DELETE ON audit_checkpoint, audit_checkpointhead, audit_checkpointstatement, django_migrations
FROM scoreboard_app;
GRANT SELECT ON audit_auditentry, audit_checkpoint, audit_checkpointhead, audit_checkpointstatement TO scoreboard_sealer;
GRANT INSERT ON audit_checkpoint, audit_checkpointhead, audit_checkpointstatement TO scoreboard_sealer;
GRANT SELECT ON scores_board, scores_period, scores_standing, scores_periodamendment TO scoreboard_sealer;
GRANT DELETE ON scores_periodamendment TO scoreboard_sealer;
"""
HAS_ROLES_AND_TABLES = """\
SELECT to_regrole('scoreboard_app') IS NOT NULL AND to_regrole('scoreboard_sealer') IS NOT NULL
   AND to_regclass('audit_auditentry') IS NOT NULL AND to_regclass('audit_checkpointhead') IS NOT NULL
"""


def grant(connection: BaseDatabaseWrapper) -> bool:
    """Give both roles their rights, all of them or none; False where there are no such roles or no tables yet."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(HAS_ROLES_AND_TABLES)
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(GRANTS)
    return True
