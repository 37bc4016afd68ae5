"""Every backend keeps the contract of the ports."""

from tests.store.contract import StoreContract


class TestContract(StoreContract):
    """Held by each backend that `make_store` knows."""
