"""No task of ours runs without end: each has time limits, the soft one first, so that it can still say what happened."""

from celery import Task, current_app

APPS = ("accounts", "addresses", "backoffice", "orders", "outbox", "payments", "photoorders", "uploads")


def ours() -> list["Task[..., object]"]:
    current_app.loader.import_default_modules()
    return [task for name, task in sorted(current_app.tasks.items()) if name.split(".")[0] in APPS]


def test_every_task_has_a_soft_limit_before_a_hard_one_of_at_most_an_hour() -> None:
    """An hour is Redis' visibility timeout: a task that runs longer would be handed to a second worker meanwhile."""
    limits = {
        task.name: (
            task.soft_time_limit or current_app.conf.task_soft_time_limit,
            task.time_limit or current_app.conf.task_time_limit,
        )
        for task in ours()
    }
    assert {"orders.store_photos", "outbox.sweep", "payments.process_inbox", "uploads.check_photo"} <= set(limits)
    assert len(limits) >= 20
    assert {name: found for name, found in limits.items() if not 0 < found[0] < found[1] <= 3600} == {}
