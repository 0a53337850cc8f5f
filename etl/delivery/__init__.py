"""Delivery: a message goes to a folder, a mailbox or a chat, once, and a ledger tells how it went.

Reports and alerts both hand a :class:`~etl.delivery.message.Message` to
:func:`~etl.delivery.deliver.deliver`; where it can go is said in ``delivery.yml``.
"""
