"""How clients prove to a broker who they are, and it to them."""

from typing import Annotated, Literal

import msgspec

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
File = Annotated[str, msgspec.Meta(min_length=1)]


class Security(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client shows, and what it trusts.

    A user and a password are never here: they are in environment variables, and here
    are the names of those.

    Attributes:
        protocol: ``SSL`` encrypts; ``SASL`` asks for a user and a password.
        mechanism: How the password is shown, where one is asked for.
        username_env: The environment variable that holds the user.
        password_env: The environment variable that holds the password.
        ca_file: Certificates that the broker's is trusted by, PEM; if not given, those
            of this machine.
        certificate_file: Our own certificate, PEM, for a broker that asks for one.
        key_file: The key to it, PEM, without a password.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username_env: Variable = "TAPEWATCH_KAFKA_USERNAME"
    password_env: Variable = "TAPEWATCH_KAFKA_PASSWORD"
    ca_file: File | None = None
    certificate_file: File | None = None
    key_file: File | None = None

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        files = (self.ca_file, self.certificate_file, self.key_file)
        if any(files) and not self.encrypted:
            text = "Expected `protocol` SSL or SASL_SSL where there are files"
            raise ValueError(f"{text}, not {self.protocol}")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("Expected `certificate_file` and `key_file` together")

    @property
    def encrypted(self) -> bool:
        """Whether the connection is by TLS."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def asks(self) -> bool:
        """Whether the broker asks for a user and a password."""
        return self.protocol.startswith("SASL")
