// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A bucket of an S3-compatible service, and who asks it.
public struct S3Configuration: Sendable {
  /// Of the service: scheme, host and port.
  public var endpoint: URL
  public var bucket: String
  /// Before every object's name, with a slash at its end; or empty.
  public var prefix: String
  public var region: String
  public var accessKey: String
  public var secretKey: String
  /// How often a request is sent that fails for a reason that may pass.
  var attempts = 6
  /// After so long no other attempt is begun: somebody waits.
  var patience = Duration.seconds(60)
  /// Of one attempt.
  var timeout = Duration.seconds(30)

  /// - Parameter prefix: with or without slashes around it.
  /// - Throws: ``InvalidS3Configuration``, which says what is wrong.
  public init(
    endpoint: String, bucket: String, prefix: String = "", region: String = "us-east-1", accessKey: String,
    secretKey: String
  ) throws(InvalidS3Configuration) {
    guard let url = URL(string: endpoint), let scheme = url.scheme, ["http", "https"].contains(scheme), url.host != nil,
      ["", "/"].contains(url.path), url.query == nil
    else {
      throw InvalidS3Configuration(
        "\"\(endpoint)\" is no address of an S3 service, such as https://s3.example.org:9000")
    }
    // As path and as part of a signature these need no escaping.
    let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/")
    let prefix = prefix.trimmingCharacters(in: CharacterSet(charactersIn: "/"))
    guard !bucket.isEmpty, !bucket.contains("/"), (bucket + prefix).unicodeScalars.allSatisfy(plain.contains) else {
      throw InvalidS3Configuration("bucket and prefix must consist of letters, digits, \"-\", \".\", \"_\"")
    }
    guard !accessKey.isEmpty, !secretKey.isEmpty else {
      throw InvalidS3Configuration("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set")
    }
    self.endpoint = url
    self.bucket = bucket
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    self.region = region
    self.accessKey = accessKey
    self.secretKey = secretKey
  }

  /// As `Host:` has it.
  var host: String { (endpoint.host ?? "") + (endpoint.port.map { ":\($0)" } ?? "") }
}

public struct InvalidS3Configuration: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
