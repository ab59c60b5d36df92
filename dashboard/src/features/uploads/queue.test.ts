import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { type Failure, UploadQueue } from "./queue";

const passing: Failure = { message: "The server cannot be reached", isTransient: true };
const final: Failure = { message: "Over quota", isTransient: false };

/** A queue of `count` files of 100 bytes, with keys `key-1`, `key-2`, … and no jitter. */
function queueOf(count: number, concurrency = 4): UploadQueue<string> {
  let keys = 0;
  const queue = new UploadQueue<string>({ concurrency, tries: 3, random: () => 1, makeKey: () => `key-${(keys += 1)}` });
  for (let n = 1; n <= count; n += 1) queue.add(`bytes ${n}`, `folder/${n}.txt`, 100);
  return queue;
}

const paths = (items: { path: string }[]) => items.map((item) => item.path);

describe("starting", () => {
  test("keeps to the concurrency and the order", () => {
    const queue = queueOf(6);
    assert.deepEqual(paths(queue.start(0)), ["folder/1.txt", "folder/2.txt", "folder/3.txt", "folder/4.txt"]);
    assert.deepEqual(queue.start(0), []);
    queue.stored(queue.items[1]!, "file-2", { settled: false, isNew: true });
    assert.deepEqual(paths(queue.start(0)), ["folder/5.txt"]);
  });

  test("sends every file exactly once", () => {
    const queue = queueOf(1000);
    const sent: string[] = [];
    for (let batch = queue.start(0); batch.length > 0; batch = queue.start(0)) {
      for (const item of batch) {
        sent.push(item.path);
        queue.stored(item, `file-${item.id}`, { settled: true, isNew: true });
      }
    }
    assert.equal(new Set(sent).size, 1000);
    assert.equal(sent.length, 1000);
    assert(queue.isIdle);
  });
});

describe("a passing failure", () => {
  test("is tried again with the same key after a growing wait", () => {
    const queue = queueOf(1);
    const [item] = queue.start(0);
    queue.failed(item!, passing, 0);
    assert.equal(queue.nextRetryAt(0), 1000);
    assert.deepEqual(queue.start(999), []);
    assert.deepEqual(queue.start(1000), [item!]);
    assert.equal(item!.key, "key-1");
    queue.failed(item!, passing, 1000);
    assert.equal(queue.nextRetryAt(1000), 3000);
  });

  test("waits half a minute at most", () => {
    const queue = new UploadQueue<string>({ tries: 20, random: () => 1 });
    queue.add("bytes", "a.txt", 100);
    for (let n = 0; n < 12; n += 1) queue.failed(queue.start(n * 1e6)[0]!, passing, n * 1e6);
    assert.equal(queue.nextRetryAt(11e6), 11e6 + 30_000);
  });

  test("waits as long as the server asks", () => {
    const queue = queueOf(1);
    queue.failed(queue.start(0)[0]!, { ...passing, retryAfterSeconds: 30 }, 0);
    assert.equal(queue.nextRetryAt(0), 30_000);
  });

  test("gives its slot to the next file meanwhile", () => {
    const queue = queueOf(2, 1);
    queue.failed(queue.start(0)[0]!, passing, 0);
    assert.deepEqual(paths(queue.start(0)), ["folder/2.txt"]);
  });

  test("becomes final after the last try", () => {
    const queue = queueOf(1);
    for (const now of [0, 10_000, 20_000]) queue.failed(queue.start(now)[0]!, passing, now);
    assert.equal(queue.items[0]!.state, "failed");
    assert.equal(queue.items[0]!.error, passing.message);
    assert(queue.isIdle);
  });
});

describe("a final failure", () => {
  test("waits for the person, who starts a new attempt with a new key", () => {
    const queue = queueOf(1);
    const [item] = queue.start(0);
    queue.failed(item!, final, 0);
    assert.equal(item!.state, "failed");
    assert.deepEqual(queue.start(1e9), []);
    queue.retryFailed();
    assert.deepEqual(queue.start(0), [item!]);
    assert.equal(item!.key, "key-2");
    assert.equal(item!.error, undefined);
  });
});

describe("live news", () => {
  test("about a stored file is shown at it", () => {
    const queue = queueOf(1);
    queue.stored(queue.start(0)[0]!, "file-1", { settled: false, isNew: true });
    assert.equal(queue.items[0]!.state, "stored");
    queue.learned("file-1", { finding: "duplicate" });
    queue.learned("file-1", { settled: true });
    assert.equal(queue.items[0]!.state, "settled");
    assert.equal(queue.items[0]!.finding, "duplicate");
    assert.equal(queue.totals.duplicates, 1);
  });

  test("that overtakes the upload's own answer is not lost", () => {
    const queue = queueOf(1);
    const [item] = queue.start(0);
    queue.learned("file-1", { settled: true });
    queue.learned("file-1", { finding: "duplicate" });
    queue.stored(item!, "file-1", { settled: false, isNew: true });
    assert.equal(item!.state, "settled");
    assert.equal(item!.finding, "duplicate");
  });

  test("about other files changes nothing", () => {
    const queue = queueOf(1);
    queue.learned("elsewhere", { settled: true });
    assert.equal(queue.totals.settled, 0);
  });
});

describe("cancelling", () => {
  test("cuts off what is under way, keeps what is stored, and late answers change nothing", () => {
    const queue = queueOf(6);
    const batch = queue.start(0);
    queue.stored(batch[0]!, "file-1", { settled: false, isNew: true });
    const cutOff = queue.cancelRemaining();
    assert.deepEqual(paths(cutOff), ["folder/2.txt", "folder/3.txt", "folder/4.txt"]);
    queue.failed(batch[1]!, passing, 0);
    assert.equal(batch[1]!.state, "cancelled");
    assert.deepEqual(queue.start(1e9), []);
    assert(queue.isIdle);
    assert.equal(queue.totals.files, 1);
    assert.equal(queue.totals.cancelled, 5);
  });
});

test("totals add up while files are on their way", () => {
  const queue = queueOf(3, 2);
  const [first, second] = queue.start(0);
  queue.progressed(first!, 60);
  queue.progressed(second!, 500); // a request's envelope can be larger than its file
  assert.equal(queue.totals.bytes, 300);
  assert.equal(queue.totals.sentBytes, 160);
});

test("a file that was there already says so", () => {
  const queue = queueOf(1);
  queue.stored(queue.start(0)[0]!, "file-1", { settled: true, isNew: false });
  assert.equal(queue.items[0]!.finding, "unchanged");
  assert.equal(queue.items[0]!.state, "settled");
});

test("the list is cleared only when nothing is on its way", () => {
  const queue = queueOf(1);
  const [item] = queue.start(0);
  queue.clear();
  assert.equal(queue.items.length, 1);
  queue.stored(item!, "file-1", { settled: true, isNew: true });
  queue.clear();
  assert.equal(queue.items.length, 0);
});
