import type { Fields } from "./database.ts";

/** What the kernel says of a link, as far as STATE_DB holds it. */
export interface LinkState {
  readonly admin: "up" | "down";
  readonly oper: "up" | "down";
  readonly mtu: number;
}

/** The fields that portsyncd writes, in its order (contract rule 19). */
export const PORT_FIELDS = ["state", "netdev_oper_status", "admin_status", "mtu"] as const;

/** The row that STATE_DB PORT_TABLE must hold for a link (contract rule 19). */
export function portRow(link: LinkState): Record<(typeof PORT_FIELDS)[number], string> {
  return { state: "ok", netdev_oper_status: link.oper, admin_status: link.admin, mtu: `${link.mtu}` };
}

/** True when a row holds what the link needs; other writers' fields do not count. No link needs a row without `state`. */
export function rowFits(row: Fields | undefined, link: LinkState | undefined): boolean {
  if (!link) return row?.["state"] === undefined;
  const wanted = portRow(link);
  return row !== undefined && PORT_FIELDS.every((field) => row[field] === wanted[field]);
}

/** One line for each port whose row does not fit; `rows` by STATE_DB key. */
export function rowDifferences(
  ports: readonly string[],
  rows: ReadonlyMap<string, Fields>,
  links: ReadonlyMap<string, LinkState>,
): string[] {
  return ports
    .filter((port) => !rowFits(rows.get(`PORT_TABLE|${port}`), links.get(port)))
    .map((port) => {
      const link = links.get(port);
      const row = rows.get(`PORT_TABLE|${port}`);
      return `${port}: STATE_DB ${row ? JSON.stringify(row) : "has no row"}, kernel ${link ? JSON.stringify(portRow(link)) : "has no link"}`;
    });
}
