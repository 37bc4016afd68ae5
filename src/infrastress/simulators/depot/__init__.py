"""The oil depot: tank farm, its instruments, its people and what can happen to them."""
