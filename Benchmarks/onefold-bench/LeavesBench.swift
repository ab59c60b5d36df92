// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import COpenSSL
import EventStore
import Foundation
import Logging
import Postgres

/// SHA-256 of the leaf messages of a log, one by one from memory, by OpenSSL and nothing of ours: the limit of verifying.
struct LeavesBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "leaves", abstract: "Leaf messages hashed a second.")

  @Option(help: "A database with a log.") var url: String

  /// Messages one after another, and where each ends.
  private struct Messages: Sendable {
    var bytes: [UInt8] = []
    var ends: [Int] = []
  }

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url), logger: logger)
    let messages = try await Self.read(on: connection)
    await connection.close()
    guard let context = EVP_MD_CTX_new(), let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else { return }
    let rate = try await Rate.measure {
      var hash = [UInt8](repeating: 0, count: 32)
      messages.bytes.withUnsafeBytes { bytes in
        var start = 0
        for end in messages.ends {
          EVP_DigestInit_ex(context, algorithm, nil)
          EVP_DigestUpdate(context, bytes.baseAddress.map { $0 + start }, end - start)
          EVP_DigestFinal_ex(context, &hash, nil)
          start = end
        }
      }
      return messages.ends.count
    }
    EVP_MD_CTX_free(context)
    rate.report()
  }

  private static func read(on connection: isolated PostgresConnection) async throws -> Messages {
    var messages = Messages()
    try await connection.copyOut(
      """
      COPY (SELECT position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream, type,
          payload FROM log.event ORDER BY position) TO STDOUT (FORMAT binary)
      """
    ) { tuple in
      messages.bytes.append(0)
      messages.bytes += EventTuple.tag
      tuple.withUnsafeBytes { messages.bytes.append(contentsOf: $0) }
      messages.ends.append(messages.bytes.count)
    }
    return messages
  }
}
