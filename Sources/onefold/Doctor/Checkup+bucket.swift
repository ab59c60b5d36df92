// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Foundation
import Postgres

extension Checkup {
  /// Whether the bucket is there and this installation's, takes, gives and removes objects; and how long that takes.
  func bucket(_ configuration: S3Configuration, _ connections: Connections) async throws -> [Finding] {
    let area = "s3"
    _ = try await settings.openBlobs(connections)
    let (place, seconds) = try await S3BlobStore.trial(configuration)
    let text = "\(place): an object is kept after \(Int(seconds * 1000)) ms."
    var findings: [Finding] = [
      seconds > 1
        ? .note(area, text, "Each upload waits for this. A service that is nearer is quicker.") : .ok(area, text)
    ]
    if configuration.endpoint.scheme == "http", !["localhost", "127.0.0.1"].contains(configuration.endpoint.host ?? "")
    {
      findings.append(
        .note(area, "The way to it is not encrypted.", "Use https, unless the network between is yours alone."))
    }
    return findings
  }
}
