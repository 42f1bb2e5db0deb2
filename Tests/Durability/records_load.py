"""A writer of records beside those of secrets: users that come, change and go, one change after the other on one connection.
Used by kill_test.py."""
from load import Broken, c, decode


class RecordWriter:
    """`records`: name -> display name of the users that are there for certain, from earlier rounds; it is brought up to date by `look`."""

    number = "of records"

    def __init__(self, records, chooser, tag):
        self.records, self.chooser, self.tag = records, chooser, tag
        self.now = dict(records)      # as it would be if all changes came through
        self.done, self.open = [], None   # changes: (kind, name, display name); the one without an answer
        self.made = 0

    # As load.run_load wants a writer.

    def attach(self, link):
        self.link, self.waiting = link, {}

    def fill(self, most=None):
        if self.waiting or (most is not None and len(self.done) >= most):
            return
        roll, names = self.chooser.random(), sorted(self.now)
        if not names or roll < 0.5:
            self.made += 1
            change = ("create", f"user {self.tag} {self.made}", f"{self.chooser.random()}")
            request = c.RECORD_CREATE, c.record_create_body("user", {"name": change[1], "display_name": change[2]})
        elif roll < 0.8:
            change = ("update", self.chooser.choice(names), f"{self.chooser.random()}")
            request = c.RECORD_UPDATE, c.record_update_body("user", change[1], {"display_name": change[2]})
        else:
            change = ("delete", self.chooser.choice(names), "")
            request = c.RECORD_DELETE, c.record_delete_body("user", [change[1]])
        self.open = change
        self.waiting[self.link._next] = change
        self.link.send(*request)

    def take(self):
        for _, operation, request_id, body in self.link.receive():
            if request_id == 0:
                raise ConnectionResetError(str(c.read_failure(c.Reader(body[2:]), body[1])))
            change, answer = self.waiting.pop(request_id), decode(operation, body)
            if isinstance(answer, c.Failure):
                raise Broken(f"{change[0]} of {change[1]}: {answer}")
            self.apply(self.now, change)
            self.done.append(change)
            self.open = None
        return []

    @staticmethod
    def apply(records, change):
        kind, name, text = change
        if kind == "delete":
            records.pop(name, None)
        else:
            records[name] = text

    # Afterwards.

    def look(self, link, most=1000):
        """What is wrong with the records that are there; whether the change without an answer came through."""
        page = link.ask(c.RECORD_LIST, c.record_list_body("user", (), "", most))
        found, after = list(page.records), page.next
        while after:
            page = link.ask(c.RECORD_LIST, c.record_list_body("user", (), after, most))
            found, after = found + list(page.records), page.next
        there = {record.fields["name"]: record.fields.get("display_name", "") for record in found}
        with_open = dict(self.now)
        if self.open:
            self.apply(with_open, self.open)
        self.records.clear()
        self.records.update(there)
        if there in (self.now, with_open):
            return [], self.open is not None and there == with_open
        wrong = [name for name in sorted(set(there) | set(self.now)) if there.get(name) != self.now.get(name) and there.get(name) != with_open.get(name)]
        return [f"LOST or torn: record {name}: {there.get(name)!r}, wanted {self.now.get(name)!r}" for name in wrong[:5]] or [
            "each record could be right, but not all of them at one moment"], False
