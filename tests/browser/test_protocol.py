"""``protocol.js`` by itself, in a browser: a socket made of lines takes the server's place."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.servers import RunningServer

SETTING = """
async (script) => {
  const { PairlySocket, CommandError, CLOSE_CODES, delaySeconds } =
    await import("/static/webclient/js/protocol.js");
  const heard = [], sockets = [], statuses = [];
  const log = { reads: 0, tickets: 0 };
  class Line {
    constructor(url) { this.url = url; this.sent = []; sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); this.answer?.(JSON.parse(text)); }
    close() { this.closed = true; }
    push(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
    ready(position) {
      const data = { user_id: "u", device_id: "d", position, heartbeat_seconds: 25 };
      this.push({ type: "ready", data });
    }
    event(position) { this.push({ type: "message.new", position, data: { position } }); }
    ack(frame, data, position) { this.push({ type: "ack", id: frame.id, data, position }); }
  }
  const turns = async (count = 30) => { for (let i = 0; i < count; i++) await null; };
  const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const socket = new PairlySocket({
    url: "ws://x/ws/", WebSocket: Line, random: () => 0,
    getTicket: async () => { log.tickets += 1; return `t${log.tickets}`; },
    readState: async () => { log.reads += 1; },
    onEvent: (frame) => heard.push(frame.position ?? frame.type),
    onStatus: ({ status, code }) => statuses.push(code ? `${status} ${code}` : status),
  });
  const run = new Function("t", `return (async () => { ${script} })()`);
  return run({ socket, sockets, heard, statuses, log, turns, after, CommandError, CLOSE_CODES,
               delaySeconds });
}
"""


@pytest.fixture(scope="module")
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page that may build functions from text: these tests bring their script along."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(server.url)
    yield page
    context.close()


def run(page: Page, script: str) -> Any:
    return page.evaluate(SETTING, script)


def test_state_is_read_once_and_events_wait_for_it(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        const line = t.sockets[0];
        line.ready(7);
        line.event(8); line.event(9);
        const early = [...t.heard];
        await t.turns();
        line.event(9); line.event(10);
        return [line.url, early, t.heard, t.log.reads, t.socket._cursor.position, t.statuses];
        """,
    ) == [
        "ws://x/ws/?ticket=t1",
        [],
        [8, 9, 10],
        1,
        10,
        ["connecting", "catching_up", "online"],
    ]


def test_a_gap_is_filled_by_sync_and_what_came_meanwhile_follows(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        const line = t.sockets[0];
        line.ready(0); await t.turns();
        line.event(1); line.event(4);
        const before = [...t.heard];
        const first = line.sent.at(-1);
        line.event(5);
        const frame = (position) => ({ type: "message.new", position, data: {} });
        line.ack(first, { position: 3, resync: false, events: [frame(2), frame(3)] });
        await t.turns();
        const second = line.sent.at(-1);
        line.ack(second, { position: 5, resync: false, events: [frame(4), frame(5)] });
        await t.turns();
        const third = line.sent.at(-1);
        line.ack(third, { position: 5, resync: false, events: [] });
        await t.turns();
        const { position } = t.socket._cursor;
        return [before, first.data, t.heard, position, t.statuses.at(-1), t.log.reads];
        """,
    ) == [[1], {"since": 1}, [1, 2, 3, 4, 5], 5, "online", 1]


def test_an_ack_stands_for_its_event(page: Page) -> None:
    """The own command's position is taken without an event, so the next one is no gap."""
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        const line = t.sockets[0];
        line.ready(3); await t.turns();
        const answer = t.socket.command("message.send", {});
        line.ack(line.sent.at(-1), { message: 1, position: 4 }, 4);
        line.event(5);
        return [(await answer).message, t.heard, t.socket._cursor.position, line.sent.length];
        """,
    ) == [1, [5], 5, 1]


def test_resync_reads_state_afresh(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        t.sockets[0].ready(3); await t.turns();
        t.sockets[0].onclose({ code: 1006 });
        await t.after(400);
        const line = t.sockets[1];
        line.ready(4000); await t.turns();
        const asked = line.sent.at(-1);
        line.event(4001);
        line.ack(asked, { position: 4000, resync: true, events: [] });
        await t.turns();
        return [asked.data, t.heard, t.socket._cursor.position, t.log.reads, t.statuses.at(-1)];
        """,
    ) == [{"since": 3}, [4001], 4001, 2, "online"]


def test_a_heartbeat_finds_what_was_lost(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        const line = t.sockets[0];
        line.ready(3); await t.turns();
        t.socket.poke();
        const beat = line.sent.at(-1);
        line.ack(beat, { position: 4 });
        await t.turns();
        const asked = line.sent.at(-1);
        const event = { type: "message.new", position: 4, data: {} };
        line.ack(asked, { position: 4, resync: false, events: [event] });
        await t.turns();
        return [beat.type, beat.data, asked.type, asked.data, t.heard];
        """,
    ) == ["presence.heartbeat", {"active": True}, "sync", {"since": 3}, [4]]


def test_a_broken_connection_answers_every_command(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        t.sockets[0].ready(3); await t.turns();
        const answers = [t.socket.command("a"), t.socket.command("b")];
        t.sockets[0].onclose({ code: 4012 });
        const codes = await Promise.all(answers.map((one) => one.catch((error) => error.code)));
        const later = await t.socket.command("c").catch((error) => error.isConnectionLost);
        return [codes, later, t.statuses.at(-1)];
        """,
    ) == [["connection_lost", "connection_lost"], True, "waiting 4012"]


def test_error_frames_reject_with_their_code(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        const line = t.sockets[0];
        line.ready(3); await t.turns();
        const answer = t.socket.command("message.send");
        const error = { code: "rate_limited", title: "Too many", detail: "Wait.",
                        trace_id: "abc", retry_after_seconds: 3 };
        line.push({ type: "error", id: line.sent[0].id, error });
        line.push({ type: "error", id: null, error });
        const found = await answer.catch((one) => one);
        return [found instanceof t.CommandError, found.code, found.message, found.traceId,
                found.retryAfterSeconds];
        """,
    ) == [True, "rate_limited", "Wait.", "abc", 3]


@pytest.mark.parametrize("code", [4401, 4403])
def test_final_codes_end_it(page: Page, code: int) -> None:
    assert run(
        page,
        f"""
        t.socket.open(); await t.turns();
        t.sockets[0].ready(3); await t.turns();
        t.sockets[0].onclose({{ code: {code} }});
        await t.after(700);
        return [t.statuses.at(-1), t.sockets.length];
        """,
    ) == [f"ended {code}", 1]


def test_a_ticket_that_went_stale_is_replaced_once(page: Page) -> None:
    assert run(
        page,
        """
        t.socket.open(); await t.turns();
        t.sockets[0].onclose({ code: 4401 });
        const first = t.statuses.at(-1);
        await t.after(400);
        t.sockets[1].onclose({ code: 4401 });
        return [first, t.statuses.at(-1), t.log.tickets];
        """,
    ) == ["waiting 4401", "ended 4401", 2]


def test_pauses_grow_are_spread_and_respect_the_code(page: Page) -> None:
    shortest, longest, capped, slow = run(
        page,
        """
        return [t.delaySeconds(0, () => 0), t.delaySeconds(0, () => 1),
                t.delaySeconds(99, () => 1),
                t.delaySeconds(0, () => 0, t.CLOSE_CODES[4429].delaySecondsMin)];
        """,
    )
    assert (shortest, longest, capped) == (0.25, 0.5, 20)
    assert slow > 5


def test_every_close_code_of_the_server_is_known(page: Page) -> None:
    from pairly.realtime.errors import CloseCode

    known = run(page, "return Object.keys(t.CLOSE_CODES).map(Number);")
    assert sorted(known) == sorted(int(code) for code in CloseCode)
