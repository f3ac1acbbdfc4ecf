"""The cookie that the server writes for somebody who signed in."""

import json
from typing import Any

from itsdangerous import URLSafeTimedSerializer

NAME = "_streamlit_user"
SECRET = "a secret of forty characters, for tests."


def signed(claims: dict[str, Any], *, secret: str = SECRET, made_at: float | None = None) -> str:
    """Its value, as of now or of an instant in seconds since 1970."""

    class At(URLSafeTimedSerializer):
        def make_signer(self, salt: Any) -> Any:
            signer = super().make_signer(salt)
            if made_at is not None:
                signer.get_timestamp = lambda: int(made_at)  # type: ignore[attr-defined]
            return signer

    return str(At(secret, salt=NAME).dumps(json.dumps(claims)))
