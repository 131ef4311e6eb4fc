import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

@testable import struct RegistryClient.DownloadPace

@Suite("The rate of downloads")
struct DownloadRateTests {
    private static let announced = Descriptor(mediaType: "x/y", digest: .of(Sample.layer), size: 100)

    private func download(_ descriptor: Descriptor, stride: Duration, minimum: Int) async throws -> [UInt8] {
        let http = ScriptedClient { _, _ in .answer(200, [:], Sample.layer) }
        let client = RegistryClient.scripted(http, time: StridingTime(stride: stride)) {
            $0.minimumDownloadRate = minimum
        }
        let source = client.repository(try repository(), access: RegistryAccess(timeout: nil))
        var bytes: [UInt8] = []
        for try await chunk in try await source.streamBlob(descriptor) { bytes += chunk }
        return bytes
    }

    @Test("A slow download fails, and the message names rate, limit and flag")
    func slow() async throws {
        let error = await #expect(throws: RegistryError.self) {
            try await download(Self.announced, stride: .seconds(45), minimum: 1000)
        }
        #expect(error?.code == .tooSlow && error?.isRetryable == true)
        #expect(
            error?.message
                == "cannot download blob \(Self.announced.digest) of 'team/app' at registry 'ghcr.io': it came slower than the limit of 1000 bytes/s (--download-rate-minimum); look at the registry and the line to it, or lower the limit"
        )
        #expect(error?.particulars == "0 bytes/s over 45s")
    }

    @Test("What is whole is taken, however long it took; and without a limit nothing is too slow")
    func accepted() async throws {
        #expect(try await download(Sample.layerDescriptor, stride: .seconds(45), minimum: 1000) == Sample.layer)
        let error = await #expect(throws: RegistryError.self) {
            try await download(Self.announced, stride: .seconds(45), minimum: 0)
        }
        #expect(error?.code == .sizeMismatch, "it is too short, which is another matter")
    }

    @Test("The average over a window of waiting counts")
    func average() {
        var pace = DownloadPace(minimum: 1000, window: .seconds(30))
        #expect(pace.record(1, waited: .seconds(29)) == nil, "the window is not over")
        #expect(pace.record(29_999, waited: .seconds(1)) == nil, "1000 bytes for each second are enough")
        #expect(pace.record(0, waited: .seconds(20)) == nil, "a new window has begun")
        #expect(
            pace.record(29_999, waited: .milliseconds(10_500)) == .init(bytesPerSecond: 983, seconds: 30),
            "one byte less is not")
        #expect(pace.record(1_000_000, waited: .zero) == nil, "waiting alone counts, not our own time")
        #expect(pace.record(0, waited: .seconds(60)) == nil, "and what came at once counts, too")
        #expect(pace.record(0, waited: .seconds(60)) == .init(bytesPerSecond: 0, seconds: 60))
    }

    @Test("Large blobs are held back at the limit, small ones are not", arguments: [(9, false), (2 << 20, true)])
    func limit(size: Int, isHeldBack: Bool) async throws {
        let layer = [UInt8](repeating: 7, count: size)
        let http = ScriptedClient { _, _ in .answer(200, [:], layer) }
        let source = RegistryClient.scripted(http) { $0.maximumDownloadRate = 500_000 }.repository(try repository())
        let descriptor = Descriptor(mediaType: "x/y", digest: .of(layer), size: Int64(size))
        #expect(try await source.fetchBlob(descriptor, limit: size).count == size)
        #expect(http.exchanges.map(\.maximumReceiveRate) == [isHeldBack ? 500_000 : nil])
    }
}
