// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import Telemetry

/// `/healthz`, `/readyz` and `/metrics`: what machines ask, on every role.
struct OperationsController: Sendable {
  let readiness: Readiness
  let metrics: PrometheusRegistry

  func addRoutes(to routes: some RouterMethods<ServerContext>) {
    routes.get("healthz") { _, _ in try Response.json(["status": "ok"]) }
    routes.get("readyz") { _, _ in
      let report = await readiness.report()
      return try Response.json(report, status: report.isReady ? .ok : .serviceUnavailable)
    }
    routes.get("metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: PrometheusText.contentType, .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.render())))
    }
  }
}
