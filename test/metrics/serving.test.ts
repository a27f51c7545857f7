import { expect } from "bun:test";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { ADMIN_LIMITS } from "../../src/http/limits.ts";
import { waitUntil } from "../support/deadline.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { UPDATED_BY } from "./updaters.ts";
import { type Series, shown } from "./watcheddaemon.ts";
import { canWatchSwitch, WatchedSwitch } from "./watchedswitch.ts";

// What the daemon shows of its own servers, against what clients did.

const PREFIX = "portsyncd_http_";

/** What the servers show that is not 0, without what all names begin with. */
function ofServers(series: Series): Record<string, number> {
  const entries = [...series].filter(([name, value]) => name.startsWith(PREFIX) && value !== 0);
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(PREFIX.length), value]));
}

async function open(path: string, request = ""): Promise<Socket> {
  const socket = connect(path).on("error", () => {});
  await once(socket, "connect");
  socket.write(request);
  return socket;
}

testWith(
  canWatchSwitch,
  "Daemon counts what clients ask its servers, and what became of their connections",
  async () => {
    await using dir = new TempDir();
    const path = dir.file("admin.sock");
    await using bed = await WatchedSwitch.running({ config: { http: { admin_socket: path } } });
    const series = async () => ofServers(await bed.daemon.series());
    expect(await series()).toEqual({});
    const ask = (what: string) => fetch(`http://localhost${what}`, { unix: path, keepalive: false });
    for (const [what, status] of [
      ["/-/healthy", 200],
      ["/api/v1/status", 200],
      ["/nowhere", 404],
    ] as const)
      expect((await ask(what)).status).toBe(status);
    const rude = await open(path, "what?\r\n\r\n");
    rude.resume();
    await once(rude, "close");
    const isIdle = async () => !('open_connections{server="admin"}' in (await series()));
    await waitUntil("end of the connections", isIdle, { seen: series });
    const asked = {
      'requests_total{server="admin",code="2xx"}': 2,
      'requests_total{server="admin",code="4xx"}': 1,
      'malformed_requests_total{server="admin"}': 1,
    };
    expect(await series()).toEqual({ ...asked, 'connections_total{server="admin",result="accepted"}': 4 });

    const silent: Socket[] = [];
    for (let i = 0; i <= ADMIN_LIMITS.mostConnections; i++) silent.push(await open(path));
    const evicted = 'aborted_connections_total{server="admin",reason="evicted"}';
    await waitUntil("eviction", async () => (await series())[evicted] === 1, { seen: series });
    expect(await series()).toEqual({
      ...asked,
      'connections_total{server="admin",result="accepted"}': 4 + silent.length,
      'open_connections{server="admin"}': ADMIN_LIMITS.mostConnections,
      [evicted]: 1,
    });
    for (const socket of silent) socket.destroy();
    expect(UPDATED_BY.serving.filter((name) => !shown.has(name))).toEqual([]);
  },
);
