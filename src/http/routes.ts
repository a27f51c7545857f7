import { formatHealth } from "../health/health.ts";
import { METRICS_CONTENT_TYPE } from "../metrics/registry.ts";
import type { Clock } from "../util/clock.ts";
import { type Answer, textAnswer } from "./answer.ts";
import { formatPage, PAGE_POLICY } from "./page.ts";
import { readPage } from "./pagefacts.ts";
import type { Route } from "./route.ts";
import type { SilenceKeeper, Sources } from "./sources.ts";
import { listingRoute } from "./v1/listing.ts";
import { readingRoutes } from "./v1/routes.ts";
import { silenceRoutes } from "./v1/silences.ts";

/** What anybody who reaches the server may ask for: nothing of it changes anything. */
export function serverRoutes(sources: Sources, clock: Clock): Route[] {
  return withListing([...plainRoutes(sources, clock), ...readingRoutes(sources, clock)]);
}

/** What may be asked for on the admin socket: the same, and to make silences. */
export function adminRoutes(sources: Sources, keeper: SilenceKeeper, clock: Clock): Route[] {
  return withListing([
    ...plainRoutes(sources, clock),
    ...readingRoutes(sources, clock),
    ...silenceRoutes(sources, keeper),
  ]);
}

function withListing(routes: Route[]): Route[] {
  return [...routes, listingRoute(routes)];
}

function plainRoutes(sources: Sources, clock: Clock): Route[] {
  const get = (path: string, meaning: string, handle: Route["handle"]): Route => {
    return { method: "GET", path, meaning, parameters: [], response: undefined, handle };
  };
  return [
    get("/", "the state of things, for people", async () => {
      const html = formatPage(await readPage(sources, clock));
      return page(html);
    }),
    get("/metrics", "the metrics, for Prometheus", async () => {
      return { status: 200, type: METRICS_CONTENT_TYPE, body: await sources.metrics() };
    }),
    get("/-/healthy", "200 unless the daemon is unhealthy, and why", () => {
      const { health } = sources.status();
      return textAnswer(health.status === "unhealthy" ? 503 : 200, formatHealth(health));
    }),
    get("/-/ready", "200 once what the kernel had at the start is published", () => {
      const { isReady } = sources.status();
      return textAnswer(
        isReady ? 200 : 503,
        isReady ? "ready" : "not ready: what the kernel had at the start is not published yet",
      );
    }),
  ];
}

function page(html: string): Answer {
  return {
    status: 200,
    type: "text/html; charset=utf-8",
    body: html,
    headers: { "Content-Security-Policy": PAGE_POLICY },
  };
}
