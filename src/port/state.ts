import { ADMIN_STATUS, DOWN, MTU, NETDEV_OPER_STATUS, STATE, STATE_OK, UP } from "../swss/schema.ts";

/** What STATE_DB says of a port (rule 19). */
export interface PortState {
  /** IFF_UP. */
  readonly admin: boolean;
  /** IFF_RUNNING. */
  readonly oper: boolean;
  /** The netdev's MTU in bytes. */
  readonly mtu: number;
}

/** The fields that portsyncd owns, in the order in which they are written. */
export const PORT_FIELDS = [STATE, NETDEV_OPER_STATUS, ADMIN_STATUS, MTU] as const;

/** True when both say the same. */
export function sameState(a: PortState | undefined, b: PortState | undefined): boolean {
  return a === b || (!!a && !!b && a.admin === b.admin && a.oper === b.oper && a.mtu === b.mtu);
}

/** Fields and values of a state, for one HSET. */
export function formatState(state: PortState): string[] {
  const oper = state.oper ? UP : DOWN;
  const admin = state.admin ? UP : DOWN;
  return [STATE, STATE_OK, NETDEV_OPER_STATUS, oper, ADMIN_STATUS, admin, MTU, String(state.mtu)];
}

/** The state that the values of PORT_FIELDS stand for; undefined when they are not what formatState would write. */
export function parseState(values: readonly (string | null)[]): PortState | undefined {
  const [, oper, admin, mtu] = values;
  const state = { admin: admin === UP, oper: oper === UP, mtu: Number(mtu) };
  const written = formatState(state).filter((_, i) => i % 2 === 1);
  return written.every((value, i) => value === values[i]) ? state : undefined;
}
