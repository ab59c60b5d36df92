// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// `/openapi.yaml`: docs/openapi.yaml, which is built into the program.
struct OpenAPIController: Sendable {
  private static let document = ByteBuffer(bytes: PackageResources.openapi_yaml)

  func addRoutes(to routes: some RouterMethods<ServerContext>) {
    routes.get("openapi.yaml") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "application/yaml", .cacheControl: "no-cache"],
        body: ResponseBody(byteBuffer: Self.document))
    }
  }
}
