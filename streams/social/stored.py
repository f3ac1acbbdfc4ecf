"""What becomes of posts that are stored under other rules of topics. It reads no feed; `sql.retention` ends their texts."""

from typing import Any

from psycopg import Connection

from sql.queries import statement
from streams.social.topics import Rules, rules

BATCH_POSTS = 5_000


def reclassify(connection: Connection[Any], using: Rules | None = None) -> tuple[int, int]:
    """Apply rules to every text that is stored.

    Args:
        connection: plain psycopg in autocommit mode; each batch is a transaction.
        using: the rules; by default those that hold in this process.

    Returns:
        How many posts were read, and how many of them changed. Posts whose text is forgotten stay as they are.

    Raises:
        InvalidTopics: the file of rules cannot be used.
    """
    using = using or rules()
    after, looked_at, changed = "", 0, 0
    while rows := connection.execute(statement("intake-social-texts").encode(), {"after": after, "most": BATCH_POSTS}).fetchall():
        different = []
        for post_id, text, language, topics, question, rumor in rows:
            found = using.read(text, language)
            if (list(found.topics), found.question, found.rumor) != (topics, question, rumor):
                different.append(
                    {"post_id": post_id, "topics": list(found.topics), "question": found.question, "rumor": found.rumor, "text": text}
                )
        if different:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(statement("write-social-topics").encode(), different)
        after, looked_at, changed = rows[-1][0], looked_at + len(rows), changed + len(different)
    return looked_at, changed
