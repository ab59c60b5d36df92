// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

struct RedisConfigurationTests {
  @Test func readsHostPortCredentialsAndDatabase() throws {
    let configuration = try RedisConfiguration(url: "redis://worker:p%40ss@cache.example:6380/3")
    #expect(configuration.address == .tcp(host: "cache.example", port: 6380))
    #expect(configuration.username == "worker")
    #expect(configuration.password == "p@ss")
    #expect(configuration.database == 3)
  }

  @Test func fillsInPortAndDatabase() throws {
    let configuration = try RedisConfiguration(url: "redis://localhost")
    #expect(configuration == RedisConfiguration(address: .tcp(host: "localhost", port: 6379)))
  }

  @Test func readsPasswordWithoutUser() throws {
    let configuration = try RedisConfiguration(url: "redis://:secret@localhost")
    #expect(configuration.username == nil)
    #expect(configuration.password == "secret")
  }

  @Test func readsAddressOfIPv6() throws {
    #expect(try RedisConfiguration(url: "redis://[::1]:7000").address == .tcp(host: "::1", port: 7000))
  }

  @Test func readsUnixSocket() throws {
    let configuration = try RedisConfiguration(url: "unix:///run/onefold/redis.sock?db=2")
    #expect(configuration.address == .unix(path: "/run/onefold/redis.sock"))
    #expect(configuration.database == 2)
  }

  @Test(arguments: [
    "", "localhost:6379", "http://localhost", "redis://", "redis://localhost/first", "redis://localhost/-1", "unix://",
    "rediss://localhost", "unix:///" + String(repeating: "s", count: 120),
  ])
  func refusesWhatItCannotUse(url: String) {
    let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    #expect(error?.code == .configuration)
    #expect(error?.isTransient == false)
  }

  @Test func describesItselfWithoutPassword() throws {
    let configuration = try RedisConfiguration(url: "redis://user:hunter2@localhost/1")
    #expect("\(configuration)" == "redis://localhost:6379/1")
  }
}
