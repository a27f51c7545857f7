import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A netlink socket of a process, as /proc tells of it. */
export interface NetlinkQueue {
  readonly inode: number;
  readonly portId: number;
  readonly groups: number;
  /** What is queued, in bytes as the kernel accounts them. */
  readonly queuedBytes: number;
  /** Messages that were lost since it was opened. */
  readonly drops: number;
}

const NETLINK_ROUTE = 0;

function socketInodes(pid: number): Set<number> {
  const inodes = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      if (inode !== undefined) inodes.add(Number(inode));
    } catch {
      // Closed since it was listed.
    }
  }
  return inodes;
}

/** The NETLINK_ROUTE sockets of a process that have joined a group. */
export function netlinkQueues(pid: number): NetlinkQueue[] {
  const own = socketInodes(pid);
  return readFileSync(`/proc/${pid}/net/netlink`, "latin1")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => Number(words[1]) === NETLINK_ROUTE && own.has(Number(words[9])))
    .map((words) => ({
      inode: Number(words[9]),
      portId: Number(words[2]),
      groups: Number.parseInt(words[3]!, 16),
      queuedBytes: Number(words[4]),
      drops: Number(words[8]),
    }))
    .filter(({ groups }) => groups !== 0);
}
