from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from core.durations import Duration
from core.errors import DomainError, require
from core.times import stamp
from labs.actions.facilities import NOT_YOURS
from labs.models import Declaration, Inventory, TrainingRun
from labs.permissions import can_file_for
from labs.rules.declarations import DeclarationKind, nil_contradicted
from ledger.actions import record


class NilContradicted(DomainError):
    """A nil return says that there is nothing, and the record says otherwise."""

    code = "nil_contradicted"


@transaction.atomic
def ask_declaration(
    *, organisation: Organisation, kind: DeclarationKind, due_at: datetime, at: datetime
) -> Declaration:
    """Note that the text asks a laboratory for a declaration by `due_at`. Called by the clock, where the text is known."""
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update(no_key=True))
    declaration, new = Declaration.objects.get_or_create(
        organisation=organisation, kind=kind, due_at=due_at, defaults={"asked_at": at}
    )
    if new:
        record(
            kind="declaration.asked",
            payload={"lab": organisation.key, "declaration": kind, "due_at": stamp(due_at)},
            by=None,
            at=at,
        )
    return declaration


@transaction.atomic
def file_declaration(*, declaration: Declaration, nil: bool, by: User, at: datetime) -> Declaration:
    """File what is asked: the inventories and runs that stand now, or a nil return. Late filing is possible and stays visible."""
    declaration.refresh_from_db(from_queryset=Declaration.objects.select_for_update(no_key=True))
    lab = declaration.organisation
    require(can_file_for(by, lab, at=at), NOT_YOURS)
    if declaration.filed_at:
        return declaration
    inventories = list(
        Inventory.objects.standing(at)
        .filter(facility__organisation=lab, lines__isnull=False)
        .distinct()
        .select_related("facility")
        .order_by("facility__key")
    )
    runs = list(TrainingRun.objects.unfinished().filter(organisation=lab).order_by("key").values_list("key", flat=True))
    if nil:
        _require_nothing_to_declare(declaration, inventories, runs)
    declaration.filed_at, declaration.nil = at, nil
    declaration.save(update_fields=["filed_at", "nil"])
    record(
        kind="declaration.filed",
        payload={
            "lab": lab.key,
            "declaration": declaration.kind,
            "due_at": stamp(declaration.due_at),
            "nil": nil,
            "inventories": [
                {"facility": inventory.facility.key, "version": inventory.version} for inventory in inventories
            ],
            "runs": runs,
        },
        by=by,
        at=at,
    )
    return declaration


def _require_nothing_to_declare(declaration: Declaration, inventories: list[Inventory], runs: list[str]) -> None:
    sites = [inventory.facility.name for inventory in inventories]
    contradiction = nil_contradicted(DeclarationKind(declaration.kind), sites, runs)
    if contradiction:
        raise NilContradicted(contradiction, fields={"nil": contradiction})


def mark_overdue(*, at: datetime, overdue_after: Duration) -> list[Declaration]:
    """Enter into the record, once each, the declarations that are overdue at `at`: `overdue_after` their due instant, not filed."""
    candidates = Declaration.objects.unfiled().due_by(at).filter(marked_overdue_at=None)
    late = [declaration for declaration in candidates if overdue_after.after(declaration.due_at) <= at]
    return [marked for declaration in late if (marked := _mark(declaration, at))]


@transaction.atomic
def _mark(declaration: Declaration, at: datetime) -> Declaration | None:
    row = (
        Declaration.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("organisation")
        .filter(pk=declaration.pk, filed_at=None, marked_overdue_at=None)
        .first()
    )
    if row is None:
        return None
    row.marked_overdue_at = at
    row.save(update_fields=["marked_overdue_at"])
    record(
        kind="declaration.overdue",
        payload={"lab": row.organisation.key, "declaration": row.kind, "due_at": stamp(row.due_at)},
        by=None,
        at=at,
    )
    return row
