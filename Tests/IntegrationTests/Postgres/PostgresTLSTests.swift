// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LocalServices
import Logging
import Postgres
import TestSupport
import Testing

/// A server that shows a certificate made by itself, for a name that is not `localhost`.
@Suite("Postgres: TLS")
struct PostgresTLSTests {
  struct Server {
    let port: Int
    let certificate: String

    func connect(_ parameters: String) async throws -> PostgresConnection {
      let url = "postgresql://onefold@127.0.0.1:\(port)/postgres?\(parameters)"
      return try await PostgresConnection.connect(PostgresConfiguration(url: url), logger: logger)
    }

    func usesTLS(_ connection: PostgresConnection) async throws -> Bool {
      try await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0].decode(0, as: Bool.self)
    }
  }

  func withServer(_ body: (Server) async throws -> Void) async throws {
    let home = try ServiceHome(dataDirectory: TestServices.makeDirectory("tls"))
    let (certificate, key) = (home.directory.path + "/server.crt", home.directory.path + "/server.key")
    // As the server's own user: Postgres refuses a key that belongs to somebody else.
    let openssl = try await ChildProcess.start(
      name: "openssl", program: "/usr/bin/openssl",
      arguments: [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=postgres.test",
        "-keyout", key, "-out", certificate,
      ],
      account: home.account, deathSignal: "KILL", directory: home.directory,
      log: home.directory.appending(path: "log/openssl.log"))
    let status = await openssl.waitForExit()
    #expect(status == 0)

    let port = try freePort()
    let server = LocalPostgres(
      home: home,
      settings: [
        "listen_addresses": "127.0.0.1", "port": "\(port)", "fsync": "off", "shared_buffers": "16MB", "ssl": "on",
        "ssl_cert_file": certificate, "ssl_key_file": key,
      ], logger: logger)
    let child = try await server.start()
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(Server(port: port, certificate: certificate)))
    } catch {
      result = .failure(error)
    }
    await server.stop(child)
    try result.get()
  }

  /// A port of 127.0.0.1 that nobody listens on at the moment.
  func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(socket, generic, size) + getsockname(socket, generic, &size)
      }
    }
    try #require(status == 0)
    return Int(UInt16(bigEndian: address.sin_port))
  }

  @Test func sslmodeOfTheURLDecidesWhoIsTrusted() async throws {
    try await withServer { server in
      let encrypted = try await server.connect("sslmode=require")
      let isEncrypted = try await server.usesTLS(encrypted)
      #expect(isEncrypted)
      await encrypted.close()

      let plain = try await server.connect("sslmode=disable")
      let isPlain = try await !server.usesTLS(plain)
      #expect(isPlain)
      await plain.close()

      // Nobody vouches for it.
      let unknown = await #expect(throws: PostgresError.self) {
        try await server.connect("sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt")
      }
      #expect(unknown?.code == .connection)
      // Vouched for, and for another name.
      let wrongName = await #expect(throws: PostgresError.self) {
        try await server.connect("sslmode=verify-full&sslrootcert=\(server.certificate)")
      }
      #expect(wrongName?.message.contains("postgres.test") == true)
      // Vouched for, whatever its name.
      let vouched = try await server.connect("sslmode=verify-ca&sslrootcert=\(server.certificate)")
      let isVouched = try await server.usesTLS(vouched)
      #expect(isVouched)
      await vouched.close()
    }
  }

  @Test func cancellationWorksThroughTLS() async throws {
    try await withServer { server in
      let connection = try await server.connect("sslmode=require")
      let watcher = try await server.connect("sslmode=require")
      let task = Task { try await connection.query("SELECT pg_sleep(60)") }
      try await eventually("pg_sleep never ran") {
        try await !watcher.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'").isEmpty
      }
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      await connection.close()
      await watcher.close()
    }
  }
}
