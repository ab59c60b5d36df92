// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import BlobStore

/// The examples that AWS gives: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct S3SignatureTests {
  private static let signature = S3Signature(
    region: "us-east-1", accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
  private static let time = Date(rfc3339: "2013-05-24T00:00:00Z") ?? Date()
  private static let noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test(
    arguments: [
      (
        "/test.txt", [], ["range": "bytes=0-9"], "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
      ),
      (
        "/", [("lifecycle", "")], [:], "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
      ),
      (
        "/", [("max-keys", "2"), ("prefix", "J")], [:], "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
      ),
    ] as [(String, [(name: String, value: String)], [String: String], String, String)])
  func aRequestIsSignedAsAWSDoesIt(
    path: String, query: [(name: String, value: String)], headers: [String: String], names: String, expected: String
  ) {
    let request = S3Signature.Request(
      method: "GET", path: path, query: query,
      headers: headers.merging(["host": "examplebucket.s3.amazonaws.com"]) { first, _ in first },
      bodyDigest: Self.noBody)
    let signed = Self.signature.headers(for: request, at: Self.time)
    #expect(signed["x-amz-date"] == "20130524T000000Z")
    #expect(
      signed["authorization"]
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=\(names),Signature=\(expected)"
    )
  }

  @Test func whatHasAMeaningInAQueryIsEscaped() {
    #expect(S3Signature.encoded([("b", "a/b c+é"), ("a", "~")]) == "a=~&b=a%2Fb%20c%2B%C3%A9")
  }

  @Test(arguments: ["", "s3.example.org", "ftp://s3.example.org", "https://s3.example.org/bucket"])
  func anAddressThatIsNoneIsRefused(endpoint: String) {
    #expect(throws: InvalidS3Configuration.self) {
      try S3Configuration(endpoint: endpoint, bucket: "onefold", accessKey: "key", secretKey: "secret")
    }
  }

  @Test(arguments: ["", "a/b", "ä", "a b", "a?b"])
  func aBucketThatWouldNeedEscapingIsRefused(bucket: String) {
    #expect(throws: InvalidS3Configuration.self) {
      try S3Configuration(endpoint: "https://s3.example.org", bucket: bucket, accessKey: "key", secretKey: "secret")
    }
  }

  @Test func aPageOfAListNamesItsObjectsAndTheNextPage() {
    let page = S3Listing(
      """
      <ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>packs/00/a.pack</Key>
      <LastModified>2026-11-27T22:05:08.000Z</LastModified></Contents><NextContinuationToken>a&amp;b</NextContinuationToken>
      </ListBucketResult>
      """)
    #expect(page.objects.map(\.name) == ["packs/00/a.pack"])
    #expect(page.objects.first?.written == Date(rfc3339: "2026-11-27T22:05:08Z"))
    #expect(page.next == "a&b")
    #expect(S3Listing("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>").next == nil)
  }
}
