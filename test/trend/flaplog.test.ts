import { expect, test } from "bun:test";

import {
  EPISODE_GAP_MS,
  EPISODE_MOST_MS,
  FLAP_WINDOW_MS,
  FlapLog,
  MOST_EPISODES,
  MOST_PORTS,
} from "../../src/trend/flaplog.ts";

test("FlapLog joins flaps that follow each other closely to an episode", () => {
  const log = new FlapLog(0);
  for (const ms of [0, 10, EPISODE_GAP_MS + 10, 2 * EPISODE_GAP_MS + 11]) log.add("Ethernet0", ms);
  log.add("Ethernet4", 5);
  expect([...log.recent(1_000_000)]).toEqual([
    [
      "Ethernet0",
      [
        { firstMs: 0, lastMs: EPISODE_GAP_MS + 10, flaps: 3 },
        { firstMs: 2 * EPISODE_GAP_MS + 11, lastMs: 2 * EPISODE_GAP_MS + 11, flaps: 1 },
      ],
    ],
    ["Ethernet4", [{ firstMs: 5, lastMs: 5, flaps: 1 }]],
  ]);
});

test("FlapLog begins a new episode of a port that does not stop to flap, so that it is worse than one that did", () => {
  const log = new FlapLog(0);
  for (let ms = 0; ms < 3 * EPISODE_MOST_MS; ms += 60_000) log.add("Ethernet0", ms);
  const episodes = log.recent(3 * EPISODE_MOST_MS).get("Ethernet0")!;
  expect(episodes.map(({ flaps }) => flaps)).toEqual([60, 60, 60]);
});

test("FlapLog forgets what is older than its window, and ports of which nothing is left", () => {
  const log = new FlapLog(0);
  log.add("Ethernet0", 0);
  log.add("Ethernet0", 3 * EPISODE_GAP_MS);
  log.add("Ethernet4", 0);
  expect(log.recent(FLAP_WINDOW_MS - 1).size).toBe(2);
  expect([...log.recent(FLAP_WINDOW_MS)].map(([port, episodes]) => [port, episodes.length])).toEqual([
    ["Ethernet0", 1],
  ]);
  expect(log.recent(FLAP_WINDOW_MS + 3 * EPISODE_GAP_MS).size).toBe(0);
});

test("FlapLog keeps the newest episodes of a port, and no more than it has room for", () => {
  const log = new FlapLog(0);
  for (let i = 0; i < MOST_EPISODES + 5; i++) log.add("Ethernet0", i * 2 * EPISODE_GAP_MS);
  const episodes = log.recent(1e8).get("Ethernet0")!;
  expect(episodes.length).toBe(MOST_EPISODES);
  expect(episodes[0]!.firstMs).toBe(5 * 2 * EPISODE_GAP_MS);
});

test("FlapLog knows of too many ports those that flapped last", () => {
  const log = new FlapLog(0);
  for (let i = 0; i < MOST_PORTS; i++) log.add(`eth${i}`, i);
  log.add("eth0", MOST_PORTS);
  log.add("new", MOST_PORTS);
  const { size } = log.recent(MOST_PORTS);
  const has = ["eth0", "eth1", "eth2", "new"].map((port) => log.recent(MOST_PORTS).has(port));
  expect([size, ...has]).toEqual([MOST_PORTS, true, false, true, true]);
});
