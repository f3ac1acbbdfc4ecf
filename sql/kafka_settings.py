"""The settings that say how Kafka is spoken to: in the open, or with TLS and a name and password. It opens no connection."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(BaseSettings):
    """Part of `sql.settings.Settings`; `streams.broker` says which of them go together."""

    kafka_security_protocol: Protocol = Field(
        "PLAINTEXT",
        description="How the brokers are spoken to: `PLAINTEXT`, `SSL` (TLS), `SASL_PLAINTEXT` or `SASL_SSL` (with a password).",
    )
    kafka_sasl_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="How the password is proven: `SCRAM-SHA-512`, `SCRAM-SHA-256`, or `PLAIN`, over TLS only."
    )
    kafka_sasl_username: str = Field("", max_length=200, description="The name of our account at Kafka.")
    kafka_sasl_password: str = Field("", description="Its password.", repr=False)
    kafka_ssl_cafile: Path | None = Field(
        None, description="A PEM file of the certificate authority that signed the brokers' certificates. Unset: the machine's own list."
    )
    kafka_ssl_certfile: Path | None = Field(None, description="A PEM file of our own certificate, where the brokers ask for one.")
    kafka_ssl_keyfile: Path | None = Field(None, description="A PEM file of its key, without a passphrase.")
