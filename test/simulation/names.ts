import { ADMIN_STATUS, MTU, NETDEV_OPER_STATUS } from "../../src/swss/schema.ts";

/** The ports that CONFIG_DB may have. */
export const PORTS = ["Ethernet0", "Ethernet4", "Ethernet8", "Ethernet12"] as const;
/** A LAG as the kernel has it. */
export const TEAM = "PortChannel1";
/** A netdev that is named like a LAG and is none. */
export const LAG = "PortChannel2";
/** A sub-interface, whose row may be another daemon's. */
export const SUBINTERFACE = "Ethernet0.10";
/** A port that is in nobody's configuration. */
export const STRAY = "Ethernet99";
/** Names of netdevs; ports more often than others. */
export const NAMES = [
  ...PORTS,
  ...PORTS,
  TEAM,
  LAG,
  SUBINTERFACE,
  STRAY,
  "eth0",
  "ethernet0",
  "Bridge",
  "tmp0",
] as const;
/** Fields that others may change. */
export const FIELDS = [NETDEV_OPER_STATUS, ADMIN_STATUS, MTU] as const;

/** IFLA_INFO_KIND of a netdev of that name. */
export function kindOf(name: string): string {
  return name === TEAM ? "team" : "veth";
}
