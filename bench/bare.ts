// bun bench/bare.ts SOCKET DATABASE    the least that a program on Bun can do: see latency.ts and steady.ts
import { RedisClient } from "bun";

import { RTMGRP_LINK } from "../ffi/linux/rtnetlink.ts";
import { walkMessages } from "../src/netlink/message.ts";
import { GroupSocket, RECEIVED } from "../src/netlink/socket.ts";
import { decodeLink } from "../src/rtnetlink/link.ts";

const RECEIVE_BUFFER = 16 << 20;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;

/** Each message is received, decoded and written as it comes: no rules, no state, no flush, and no look at the answers. */
async function main([socketPath, database]: readonly string[]): Promise<void> {
  const redis = new RedisClient(`redis+unix://${socketPath}`, { enableAutoPipelining: true });
  await redis.connect();
  await redis.send("SELECT", [database!]);
  const group: GroupSocket = new GroupSocket(RTMGRP_LINK, RECEIVE_BUFFER, () => {
    for (let length = group.receive(); length !== RECEIVED.EMPTY; length = group.receive()) {
      if (length === RECEIVED.OVERRUN) console.log("overrun");
      if (length < 0) continue;
      walkMessages(group.buffer.view, length, (_type, _flags, _sequence, start, end) => {
        const { name, flags, mtu } = decodeLink(group.buffer, start, end);
        const oper = flags & IFF_RUNNING ? "up" : "down";
        const admin = flags & IFF_UP ? "up" : "down";
        const fields = ["state", "ok", "netdev_oper_status", oper, "admin_status", admin, "mtu", `${mtu}`];
        void redis.send("HSET", [`PORT_TABLE|${name}`, ...fields]);
      });
    }
  });
  console.log("ready");
}

await main(process.argv.slice(2));
