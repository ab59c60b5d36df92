// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore

/// The server and the account that `push` and `pull` talk to.
struct RemoteOptions: ParsableArguments {
  @Option(help: "The server's address (or ONEFOLD_SERVER).")
  var server = ProcessInfo.processInfo.environment["ONEFOLD_SERVER"] ?? "http://localhost:8080"

  @Option(help: "The account's email address (or ONEFOLD_EMAIL).")
  var email: String = ProcessInfo.processInfo.environment["ONEFOLD_EMAIL"] ?? ""

  @Option(help: "How many files are on their way at the same time, at most; large ones are fewer.")
  var concurrency = 64

  func validate() throws {
    guard !email.isEmpty else { throw ValidationError("Name the account: --email YOU@EXAMPLE.ORG (or ONEFOLD_EMAIL).") }
    guard (1...256).contains(concurrency) else { throw ValidationError("--concurrency takes 1 to 256.") }
  }

  /// Below which the server has what a directory has: as given, or the directory's own name. Ends with a slash unless it is empty.
  func prefix(_ given: String?, of directory: URL) -> String {
    let prefix = given ?? (directory.path == "/" ? "" : directory.lastPathComponent)
    return prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
  }

  /// The password, from ONEFOLD_PASSWORD or from the person.
  func password() throws -> String {
    guard
      let password = ProcessInfo.processInfo.environment["ONEFOLD_PASSWORD"]
        ?? Terminal.askSecret("Password of \(email): ")
    else { throw CommandError("There is no terminal to ask for the password: set ONEFOLD_PASSWORD.") }
    return password
  }

  /// Runs `body` with a client, until it is done or the person interrupts it.
  func withClient<Value: Sendable>(
    password: String, _ body: @escaping @Sendable (ServerClient) async throws -> Value
  ) async throws -> Value {
    let http = HTTPClient(
      eventLoopGroupProvider: .singleton,
      configuration: HTTPClient.Configuration(
        connectionPool: .init(
          idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: concurrency)))
    let client = ServerClient(server: server, email: email, password: password, http: http)
    let outcome: Result<Value, any Error>
    do {
      outcome = .success(try await withInterruption { try await body(client) })
    } catch {
      outcome = .failure(error)
    }
    try await http.shutdown()
    return try outcome.get()
  }
}

/// What cancelled tasks throw is not always an error of theirs.
func stopIfCancelled(_ error: any Error) throws {
  if error is CancellationError { throw error }
  try Task.checkCancellation()
}
