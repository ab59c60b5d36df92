import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { LiveMachine, UNAUTHORISED } from "./machine";
import { isRebuildProgress, parseMessage, type LiveEvent } from "./message";

const uploaded = (position: number): LiveEvent => ({ type: "file.uploaded", position, at: "", data: {} });
const kinds = (actions: { kind: string }[]) => actions.map((action) => action.kind);

/** A machine that is live at position 10. */
function live(random = () => 1): LiveMachine {
  const machine = new LiveMachine(random);
  machine.handle({ kind: "start" });
  machine.handle({ kind: "opened" });
  machine.handle({ kind: "message", message: { type: "ready", position: 10 } });
  return machine;
}

describe("connecting", () => {
  test("a first connection authenticates without a position and reads again what came before it", () => {
    const machine = new LiveMachine();
    assert.deepEqual(kinds(machine.handle({ kind: "start" })), ["connect"]);
    assert.deepEqual(machine.handle({ kind: "opened" }), [{ kind: "authenticate", after: undefined }]);
    const ready = machine.handle({ kind: "message", message: { type: "ready", position: 10 } });
    assert.deepEqual(kinds(ready), ["resync"]);
    assert.equal(machine.state, "live");
    assert.equal(machine.position, 10);
  });

  test("a second start changes nothing", () => {
    assert.deepEqual(live().handle({ kind: "start" }), []);
  });
});

describe("events", () => {
  test("are delivered in order and move the position", () => {
    const machine = live();
    const actions = machine.handle({ kind: "message", message: uploaded(12) });
    assert.deepEqual(actions, [{ kind: "deliver", event: uploaded(12) }]);
    assert.equal(machine.position, 12);
  });

  test("already seen are not delivered again", () => {
    const machine = live();
    machine.handle({ kind: "message", message: uploaded(12) });
    assert.deepEqual(machine.handle({ kind: "message", message: uploaded(12) }), []);
    assert.deepEqual(machine.handle({ kind: "message", message: uploaded(11) }), []);
  });

  test("a heartbeat moves the position and delivers nothing", () => {
    const machine = live();
    assert.deepEqual(machine.handle({ kind: "message", message: { type: "position", position: 20 } }), []);
    assert.equal(machine.position, 20);
  });
});

describe("a lost connection", () => {
  test("is resumed after the last position, without reading everything again", () => {
    const machine = live();
    machine.handle({ kind: "message", message: uploaded(12) });
    assert.deepEqual(kinds(machine.handle({ kind: "closed", code: 1006 })), ["retryIn"]);
    assert.deepEqual(kinds(machine.handle({ kind: "retry" })), ["connect"]);
    assert.deepEqual(machine.handle({ kind: "opened" }), [{ kind: "authenticate", after: 12 }]);
    assert.deepEqual(machine.handle({ kind: "message", message: { type: "ready", position: 99 } }), []);
    // The events between 12 and 99 are still to come: none of them may count as seen.
    assert.deepEqual(kinds(machine.handle({ kind: "message", message: uploaded(13) })), ["deliver"]);
  });

  test("is tried again after growing waits, with jitter, up to a limit", () => {
    const machine = live();
    const waits: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const [action] = machine.handle({ kind: "closed", code: 1006 });
      if (action?.kind === "retryIn") waits.push(action.milliseconds);
      machine.handle({ kind: "retry" });
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    assert.deepEqual(live(() => 0.5).handle({ kind: "closed", code: 1006 }), [{ kind: "retryIn", milliseconds: 250 }]);
  });

  test("starts over with short waits once it was live again", () => {
    const machine = live();
    machine.handle({ kind: "closed", code: 1006 });
    machine.handle({ kind: "retry" });
    machine.handle({ kind: "opened" });
    machine.handle({ kind: "message", message: { type: "ready", position: 10 } });
    assert.deepEqual(machine.handle({ kind: "closed", code: 1006 }), [{ kind: "retryIn", milliseconds: 500 }]);
  });

  test("is noticed by silence", () => {
    const machine = live();
    assert.deepEqual(kinds(machine.handle({ kind: "quiet" })), ["disconnect", "retryIn"]);
    assert.deepEqual(machine.handle({ kind: "closed", code: 1000 }), []); // our own close
    assert.equal(machine.state, "waiting");
  });

  test("with a refused token renews the session first", () => {
    assert.deepEqual(kinds(live().handle({ kind: "closed", code: UNAUTHORISED })), ["renewSession", "retryIn"]);
  });
});

describe("stopping", () => {
  test("closes the socket, forgets the position and ignores what arrives late", () => {
    const machine = live();
    assert.deepEqual(kinds(machine.handle({ kind: "stop" })), ["disconnect"]);
    assert.equal(machine.position, undefined);
    assert.deepEqual(machine.handle({ kind: "message", message: uploaded(12) }), []);
    assert.deepEqual(machine.handle({ kind: "closed", code: 1000 }), []);
    assert.deepEqual(machine.handle({ kind: "retry" }), []);
    assert.equal(machine.state, "stopped");
  });
});

test("frames that are no messages are not understood", () => {
  for (const frame of ["", "null", "[]", "{}", '{"type":"file.uploaded"}']) assert.equal(parseMessage(frame), undefined, frame);
  assert.deepEqual(parseMessage('{"type":"position","position":3}'), { type: "position", position: 3 });
});

test("progress of a rebuild is told apart from events, which have positions", () => {
  const progress = parseMessage('{"type":"rebuildProgress","projection":"files","rebuild":{"state":"folding"}}');
  assert.equal(progress && isRebuildProgress(progress) && progress.projection, "files");
  const event = parseMessage('{"type":"file.uploaded","position":3,"at":"","data":{}}');
  assert.equal(event && isRebuildProgress(event), false);
});
