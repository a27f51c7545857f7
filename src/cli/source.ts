/** Where links come from. */
export type SourceChoice =
  | { readonly kind: "kernel" }
  | { readonly kind: "replay"; readonly file: string }
  | { readonly kind: "simulate"; readonly portCount: number };

const DEFAULT_PORTS = 32;
const MOST_PORTS = 4096;

/** Reads the value of --source; undefined when it has none of its forms. */
export function parseSource(text: string): SourceChoice | undefined {
  if (text === "kernel") return { kind: "kernel" };
  if (text === "simulate") return { kind: "simulate", portCount: DEFAULT_PORTS };
  if (text.startsWith("replay:") && text.length > "replay:".length)
    return { kind: "replay", file: text.slice("replay:".length) };
  const portCount = Number(/^simulate:(\d{1,4})$/.exec(text)?.[1]);
  return portCount >= 1 && portCount <= MOST_PORTS ? { kind: "simulate", portCount } : undefined;
}
