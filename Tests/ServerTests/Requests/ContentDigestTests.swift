// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import Server

struct ContentDigestTests {
  // The example of RFC 9530, appendix D.
  private static let encoded = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="
  private static let digest = Digest(bytes: Array(Data(base64Encoded: encoded)!))

  @Test(arguments: [
    "sha-256=:\(encoded):",
    "sha-512=:AAAA:, sha-256=:\(encoded):",
    "  sha-256=:\(encoded): ,\tmd5=:AAAA:",
    "sha-256=:\(encoded):;note=1",
    "sha-256=:AAAA\(String(encoded.dropFirst(4))):, sha-256=:\(encoded):",
  ])
  func findsSHA256(_ header: String) throws {
    #expect(try ContentDigest(header).sha256 == Self.digest)
  }

  @Test func ignoresOtherAlgorithms() throws {
    #expect(try ContentDigest("sha-512=:AAAA:, unixsum=:AAAA:").sha256 == nil)
  }

  @Test(arguments: [
    "", ",", "sha-256", "sha-256=", "sha-256=\(encoded)", "sha-256=:\(encoded)", "sha-256=:!!!!:", "sha-256=:AAAA:",
    "sha-256=:\(encoded): x", "SHA-256=:\(encoded):", "sha-256=:\(encoded):,", "=:AAAA:", "sha-256=\"\(encoded)\"",
  ])
  func refusesWhatIsNoDigest(_ header: String) {
    #expect(throws: ContentDigest.Malformed.self) { try ContentDigest(header) }
  }

  @Test func readsWhatItWrites() throws {
    #expect(try ContentDigest(ContentDigest.header(Self.digest)).sha256 == Self.digest)
  }
}
