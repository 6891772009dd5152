"""Who may do what."""

from datetime import timedelta

import pytest

from core.domain.case import Action, Decision
from core.errors import UserError
from core.store.store import Store
from core.store.users import Permission, Role
from tests.core.store import sample


@pytest.fixture
def practice(store: Store) -> Store:
    users = store.users
    users.add("admin", Role.ADMINISTRATOR, "administrator pass")
    users.sign_in("admin", "administrator pass")
    for name, role in (("ann", Role.CLINICIAN), ("ben", Role.REVIEWER), ("eve", Role.AUDITOR)):
        users.add(name, role, f"{name} long password", pin="4711")
    users.sign_out()
    return store


def enter(store: Store, name: str) -> None:
    store.users.sign_in(name, f"{name} long password")


def test_a_store_without_users_is_a_single_doctor_practice(store: Store) -> None:
    assert store.users.single_doctor
    store.save(sample.case(), "Dr A")
    assert store.sign("case-1", "Dr A").signed_by == "Dr A"


def test_first_user_is_the_administrator(store: Store) -> None:
    with pytest.raises(UserError, match="administrator"):
        store.users.add("ann", Role.CLINICIAN, "a long password")


def test_nothing_without_signing_in(practice: Store) -> None:
    for deed in (practice.list, lambda: practice.load("x"), lambda: practice.save(sample.case()), practice.counts):
        with pytest.raises(UserError, match="Nobody is signed in"):
            deed()


def test_roles(practice: Store) -> None:
    enter(practice, "ann")
    practice.save(sample.case())
    for name, allowed in (
        ("ann", {Permission.VIEW, Permission.CHANGE, Permission.SIGN, Permission.EXPORT}),
        ("ben", {Permission.VIEW, Permission.DECIDE, Permission.SIGN}),
        ("eve", {Permission.READ_AUDIT}),
    ):
        enter(practice, name)
        for permission in Permission:
            session = practice.users.session
            assert session is not None
            if permission in allowed:
                assert session.may(permission)
        if name == "eve":
            with pytest.raises(UserError, match="role"):
                practice.load("case-1")


def test_acting_under_another_name_is_refused(practice: Store) -> None:
    enter(practice, "ann")
    with pytest.raises(UserError, match="not signed in"):
        practice.save(sample.case(), "ben")


def test_signing_needs_the_own_pin(practice: Store) -> None:
    enter(practice, "ann")
    practice.save(sample.case())
    with pytest.raises(UserError, match="pin is wrong"):
        practice.sign("case-1", pin="0000")
    assert practice.sign("case-1", pin="4711").signed_by == "ann"


def test_stop_override_needs_the_second_persons_pin(practice: Store) -> None:
    enter(practice, "ann")
    practice.save(sample.case())
    wish = Decision("", Action.OVERRIDE, "alert:al1", "ann", "", "benefit", second_user="ben")
    with pytest.raises(UserError, match="pin is wrong"):
        practice.decide("case-1", wish, second_pin="1234")
    assert practice.load("case-1").decisions == ()
    assert practice.decide("case-1", wish, second_pin="4711").second_user == "ben"


def test_sign_in_is_throttled_and_audited(practice: Store) -> None:
    for _ in range(3):
        with pytest.raises(UserError, match="name or password is wrong"):
            practice.users.sign_in("ann", "wrong")
    practice.users._clock.now -= timedelta(seconds=2)  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="wait"):
        practice.users.sign_in("ann", "ann long password")
    practice.users._clock.now += timedelta(seconds=20)  # type: ignore[attr-defined]
    enter(practice, "ann")
    assert [e.action for e in practice.audit.events()].count("failed_sign_in") == 3


def test_the_wait_doubles_and_ends_at_a_quarter_of_an_hour(practice: Store) -> None:
    clock = practice.users._clock
    for tries in range(16):
        with pytest.raises(UserError, match="wrong"):
            practice.users.sign_in("ben", "wrong")
        with pytest.raises(UserError, match="wait") if tries >= 4 else pytest.raises(UserError):
            practice.users.sign_in("ben", "wrong")
        clock.now += timedelta(seconds=901)  # type: ignore[attr-defined]
    enter(practice, "ben")


def test_unknown_names_sound_like_wrong_passwords(practice: Store) -> None:
    with pytest.raises(UserError, match="name or password is wrong"):
        practice.users.sign_in("nobody", "wrong")


def test_break_glass(practice: Store) -> None:
    enter(practice, "ann")
    practice.save(sample.case())
    with pytest.raises(UserError, match="reason"):
        practice.users.break_glass("eve", "eve long password", "")
    practice.users.break_glass("eve", "eve long password", "cardiac arrest, ward 3")
    assert practice.load("case-1").id == "case-1"
    with pytest.raises(UserError, match="role"):
        practice.sign("case-1", pin="4711")
    assert "cardiac arrest" in next(e.detail for e in practice.audit.events() if e.action == "break_glass")


def test_administration(practice: Store) -> None:
    users = practice.users
    enter(practice, "ann")
    with pytest.raises(UserError, match="role"):
        users.add("x", Role.CLINICIAN, "a long password")
    users.sign_in("admin", "administrator pass")
    with pytest.raises(UserError, match="no administrator"):
        users.change("admin", role=Role.CLINICIAN)
    assert {u.name: u.role for u in users.all()}["admin"] == Role.ADMINISTRATOR
    users.change("ann", active=False)
    users.set_password("ben", "another long one")
    with pytest.raises(UserError, match="switched off"):
        enter(practice, "ann")
    users.sign_in("ben", "another long one")
    users.set_password("ben", "a third long one", old="another long one")
    users.set_pin("ben", "987654", password="a third long one")
    assert users.verify_pin("ben", "987654") == "ben"
    assert practice.audit.verify().whole


@pytest.mark.parametrize(("password", "pin"), [("short", ""), ("long enough here", "12"), ("long enough here", "12ab")])
def test_weak_secrets_are_refused(practice: Store, password: str, pin: str) -> None:
    practice.users.sign_in("admin", "administrator pass")
    with pytest.raises(UserError):
        practice.users.add("zed", Role.CLINICIAN, password, pin=pin)


def test_secrets_are_not_kept_readable(practice: Store) -> None:
    with practice.database.read() as connection:
        rows = connection.execute("SELECT password, pin FROM users WHERE name = 'ann'").fetchone()
    assert all(value.startswith("$argon2id$") for value in rows)
