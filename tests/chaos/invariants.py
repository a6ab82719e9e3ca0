"""What must be true once the dust has settled, whatever happened: each check gives sentences about what is not."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.chaos.customers import Purchase
from tests.chaos.shop import Shop

Json = dict[str, Any]


def violations(
    shop: Shop, purchases: list[Purchase], asked: dict[str, tuple[str, int]] | None = None
) -> dict[str, list[str]]:
    """By kind (lost, doubled, stuck, books, personal): one sentence each. `asked`: the refunds that the shop promised."""
    sessions, intents, refunds = (shop.objects(kind) for kind in ("checkout.session", "payment_intent", "refund"))
    found = {
        "lost": [*paid_but_not_booked(shop, sessions), *fulfilled(shop), *mailed(shop)],
        "doubled": [
            *one_object_an_attempt(sessions),
            *one_object_an_attempt(intents),
            *one_order_a_purchase(shop, purchases),
            *stored_once(shop),
        ],
        "stuck": [*stuck(shop, purchases)],
        "books": [*books(shop, intents, refunds), *promised(asked or {}, shop, refunds)],
        "personal": [*personal(shop, purchases)],
    }
    found["doubled"] += mailed_twice(shop)
    return found


def one_object_an_attempt(made: list[Json]) -> Iterator[str]:
    """One Session, or one PaymentIntent, for each attempt."""
    of = Counter(item["metadata"].get("attempt") for item in made if item["metadata"].get("attempt"))
    yield from (f"{count} objects at Stripe of attempt {attempt}" for attempt, count in of.items() if count != 1)


def paid_but_not_booked(shop: Shop, sessions: list[Json]) -> Iterator[str]:
    """Every Session that Stripe calls paid is a confirmed payment of a paid order or a link, and the other way round.
    Payments without a Session are compared by their PaymentIntents, in `books`."""
    paid = {item["id"]: item["metadata"].get("order") for item in sessions if item["payment_status"] == "paid"}
    booked = dict(
        shop.rows(
            "SELECT session_id, of FROM every_payment WHERE state = 'confirmed' AND booked AND session_id IS NOT NULL"
        )
    )
    yield from (f"{paid[item]} was paid ({item}) and is not booked" for item in paid.keys() - booked.keys())
    yield from (f"{booked[item]} is booked ({item}) and was not paid" for item in booked.keys() - paid.keys())


def fulfilled(shop: Shop) -> Iterator[str]:
    """Each paid order's originals lie in S3, byte for byte, and so do its prints."""
    rows = shop.rows(
        "SELECT o.number, p.seq, p.storage_key, p.sha256 FROM orders_orderphoto p"
        " JOIN orders_order o ON o.id = p.order_id WHERE o.paid_at IS NOT NULL AND o.state <> 'cancelled'"
    )
    keys = set(shop.stored())
    for number, seq, key, sha256 in rows:
        if key not in keys:
            yield f"photo {seq} of {number} is not in S3"
        elif hashlib.sha256(shop.read(key)).hexdigest() != sha256:
            yield f"photo {seq} of {number} is in S3 with other bytes"
    prints = shop.rows(
        "SELECT o.number, i.print_key FROM orders_orderitem i JOIN orders_order o ON o.id = i.order_id"
        " WHERE o.paid_at IS NOT NULL AND o.state <> 'cancelled'"
    )
    yield from (f"a print of {number} is not in S3" for number, key in prints if key not in keys)


def stored_once(shop: Shop) -> Iterator[str]:
    """Nothing lies in S3 that no row names: no second copy under another name, nothing of the unpaid."""
    named = {key for (key,) in shop.rows("SELECT storage_key FROM orders_orderphoto UNION SELECT thumbnail_key FROM"
                                         " orders_orderphoto UNION SELECT print_key FROM orders_orderitem")}  # fmt: skip
    extra = [key for key in shop.stored() if key not in named and not key.endswith("manifest.json")]
    yield from (f"{key} lies in S3 and no row knows it" for key in extra)
    stored = Counter(number for (number,) in shop.rows(
        "SELECT o.number FROM orders_orderevent e JOIN orders_order o ON o.id = e.order_id WHERE e.kind = 'stored'"
    ))  # fmt: skip
    yield from (f"{number} was stored {count} times" for number, count in stored.items() if count > 1)


def one_order_a_purchase(shop: Shop, purchases: list[Purchase]) -> Iterator[str]:
    """Nobody meant to buy twice: of a customer's orders at most one stays paid for."""
    paid = {number for (number,) in shop.rows(
        "SELECT number FROM orders_order WHERE paid_at IS NOT NULL AND payment_state NOT IN ('refunded')"
    )}  # fmt: skip
    for purchase in purchases:
        kept = sorted(paid & purchase.orders.keys())
        if len(kept) > 1:
            yield f"purchase {purchase.number} ({purchase.walk}) paid for {kept}"


def mailed(shop: Shop) -> Iterator[str]:
    """Owner and customer know of each paid order."""
    sent = {(number, kind) for number, kind in _mails(shop)}
    for (number,) in shop.rows("SELECT number FROM orders_order WHERE paid_at IS NOT NULL"):
        yield from (f"no {kind} mail about {number}" for kind in ("owner", "confirmed") if (number, kind) not in sent)


def mailed_twice(shop: Shop) -> list[str]:
    """Two different letters of one kind about one order. The same letter sent again (same Message-ID, after a kill between
    the server's 250 and its note) is counted by `letters_again`: SMTP allows no more."""
    kinds = Counter(set(_letters(shop)))
    return [f"{count} letters {what}" for what, count in Counter((n, k) for n, k, _i in kinds).items() if count > 1]


def letters_again(shop: Shop) -> int:
    """How many letters arrived once more with the Message-ID of an earlier one."""
    return sum(count - 1 for count in Counter(_letters(shop)).values())


def _mails(shop: Shop) -> Iterator[tuple[str, str]]:
    yield from {(number, kind) for number, kind, _message_id in _letters(shop)}


def _letters(shop: Shop) -> Iterator[tuple[str, str, str]]:
    """(order, kind, Message-ID) of every letter that arrived; the kind by the row that announced it. A letter without one is
    known by all that it says."""
    known = {row[2]: row for row in shop.rows(
        "SELECT o.number, s.kind, s.message_id FROM orders_sentemail s JOIN orders_order o ON o.id = s.order_id"
    )}  # fmt: skip
    for message in shop.mailbox.messages():
        message_id = str(message["Message-ID"]).strip()
        said = hashlib.sha256(f"{message['To']} {message['Subject']} {message.get_payload()}".encode()).hexdigest()
        yield known.get(message_id, (UNANNOUNCED, said, said))


UNANNOUNCED = "no order"  # the owner's notes and what is mailed about links: no row says that they were sent


def stuck(shop: Shop, purchases: list[Purchase]) -> Iterator[str]:
    queries = {
        "order {} is {}": "SELECT number, state FROM orders_order WHERE state IN ('pending', 'needs_photos')"
        " OR (state = 'paid' AND stored_at IS NULL)",
        "payment {} is {}": "SELECT public_id, state FROM payments_paymentattempt WHERE state IN ('created', 'pending')",
        "outbox message {} is {}": "SELECT key, state FROM outbox_outboxmessage WHERE state <> 'done'",
        "event {} is {}": "SELECT type || ' ' || event_id, state FROM payments_webhookevent"
        " WHERE state IN ('received', 'dead')",
        "refund {} is {}": "SELECT public_id, state FROM every_refund WHERE state IN ('created', 'pending')",
        "link's payment {} is {}": "SELECT public_id, state FROM payments_linkpayment WHERE state IN ('created', 'pending')",
    }
    for sentence, query in queries.items():
        yield from (sentence.format(*row) for row in shop.rows(query))
    yield from (f"purchase {made.number} ({made.walk}): {made.problem}" for made in purchases if made.problem)


def is_unpaid(sentence: str) -> bool:
    """One of `stuck`: an order, payment or link that its customer may still pay, and need not."""
    kinds = ("order ", "payment ", "link's payment ")
    return sentence.startswith(kinds) and sentence.endswith((" is pending", " is created"))


def payable(shop: Shop) -> Iterator[str]:
    """What can still be paid at Stripe is what an order or a link waits for, by one page at a time: nothing of an order
    that was paid, has ended or was bought in another version (C5, C6, C11), and nothing that no row knows. To be asked before open
    pages are ended."""
    ours = {row[0]: row[1:] for row in shop.rows(PAYABLE)}
    elements = {attempt for attempt, row in ours.items() if row[2]}
    there = [item for item in shop.objects("checkout.session") if item["status"] == "open"] + [
        item for item in shop.objects("payment_intent")
        if item["metadata"].get("attempt") in elements and item["status"] in CANCELABLE
        and (item.get("next_action") or {}).get("type") != "multibanco_display_details"
    ]  # fmt: skip
    pages = Counter[str]()
    for item in there:
        wanted, of, _element = ours.get(item["metadata"].get("attempt", ""), (False, "nothing that is known", False))
        if not wanted:
            yield f"{item['id']} can be paid, for {of}"
        pages[of] += 1
    yield from (
        f"{count} pages can be paid for {of}" for of, count in pages.items() if count > 1 and of.startswith("d")
    )


CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
PAYABLE = """
    SELECT a.public_id, a.state IN ('created', 'pending') AND o.state = 'pending' AND NOT EXISTS (
        SELECT FROM orders_order bought WHERE bought.draft_id = o.draft_id AND bought.paid_at IS NOT NULL
    ), 'draft ' || o.draft_id, a.method = 'elements'
    FROM payments_paymentattempt a JOIN orders_order o ON o.id = a.order_id
    UNION ALL
    SELECT p.public_id, p.state IN ('created', 'pending') AND l.closed_at IS NULL AND NOT (l.single_use AND EXISTS (
        SELECT FROM payments_linkpayment paid WHERE paid.link_id = l.id AND paid.state = 'confirmed'
    )), 'link ' || l.token, false
    FROM payments_linkpayment p JOIN payments_paymentlink l ON l.id = p.link_id
"""  # payment, whether it is waited for, for what, whether by a Payment Element


def books(shop: Shop, intents: list[Json], refunds: list[Json]) -> Iterator[str]:
    """Money in and money out: Stripe's figures and ours, payment by payment and in sum."""
    ours = {row[0]: row[1:] for row in shop.rows(
        "SELECT intent_id, received_cents, refunded_cents, upper(currency) FROM every_payment WHERE state = 'confirmed'"
    )}  # fmt: skip
    back = Counter[str]()
    for item in refunds:
        if item["status"] == "succeeded":
            back[item["payment_intent"]] += item["amount"]
    theirs = {
        item["id"]: (item["amount_received"], back[item["id"]], item["currency"].upper())
        for item in intents
        if item["status"] == "succeeded"
    }
    for intent in ours.keys() | theirs.keys():
        if ours.get(intent) != theirs.get(intent):
            yield f"{intent}: Stripe says {theirs.get(intent)}, our books {ours.get(intent)}"
    booked = shop.rows("SELECT coalesce(sum(amount_cents), 0) FROM every_refund WHERE state = 'succeeded'")[0][0]
    if booked != sum(back.values()):
        yield f"refunds: Stripe gave back {sum(back.values())}, our rows say {booked}"
    kept = shop.rows(
        "SELECT o.number FROM orders_order o JOIN payments_paymentattempt a ON a.order_id = o.id"
        " WHERE o.state = 'cancelled' AND a.state = 'confirmed' AND a.received_cents <> a.refunded_cents"
    )
    yield from (f"{number} is cancelled, and its money was kept" for (number,) in kept)
    totals = shop.rows(
        "SELECT o.number FROM orders_order o JOIN payments_paymentattempt a ON a.order_id = o.id"
        " WHERE a.state = 'confirmed' AND o.payment_state = 'paid'"
        " GROUP BY o.id HAVING sum(a.received_cents - a.refunded_cents) <> o.total_cents"
    )
    yield from (f"{number} is paid, but not its total" for (number,) in totals)


def promised(asked: dict[str, tuple[str, int]], shop: Shop, refunds: list[Json]) -> Iterator[str]:
    """Each refund that the shop promised the owner was made, once and in that sum; each refund at Stripe has one row."""
    there = {item["id"]: item["amount"] for item in refunds}
    ours = {row[0]: (row[1], row[2]) for row in shop.rows("SELECT public_id, provider_id, state FROM every_refund")}
    for refund, (order, cents) in asked.items():
        provider_id, state = ours.get(refund, ("", "no row"))
        if state != "succeeded" or there.get(provider_id) != cents:
            yield f"refund {refund} of {order}: asked {cents}, {state}, Stripe has {there.get(provider_id)}"
    known = Counter(provider_id for provider_id, _state in ours.values() if provider_id)
    yield from (f"Stripe's refund {item} has {known[item]} rows" for item in there if known[item] != 1)


def personal(shop: Shop, purchases: list[Purchase]) -> Iterator[str]:
    """No column of any table holds the mark of a customer who paid nothing."""
    paid = {number for (number,) in shop.rows("SELECT number FROM orders_order WHERE paid_at IS NOT NULL")}
    unpaid = [made for made in purchases if not paid & made.orders.keys()]
    tables = shop.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = 'public'"
    )
    for (table,) in tables:
        text = "\n".join(row[0] for row in shop.rows(f'SELECT row_to_json(t)::text FROM "{table}" t')).lower()
        yield from (f"{table} knows {made.mark}, who paid nothing" for made in unpaid if made.mark.lower() in text)


def sentences(found: dict[str, list[str]]) -> Iterable[str]:
    return (f"{kind}: {sentence}" for kind, list_ in found.items() for sentence in list_)
