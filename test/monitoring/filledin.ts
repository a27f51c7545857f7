/** An expression of a dashboard with what Grafana puts in the place of its variables for all switches and ports. */
export function fillIn(expression: string, rateInterval = "1m"): string {
  return expression
    .replaceAll("$instance", ".+")
    .replaceAll("$port", ".+")
    .replaceAll("$__rate_interval", rateInterval)
    .replaceAll("$__range", "1h");
}
