import Foundation
import Glibc
import HTTPTransport
import Testing

@Suite struct DescriptorTests {
    /// In a child: the limit on open files is the whole process's.
    @Test(.timeLimit(.minutes(2))) func aClientThatCouldNotStartSaysSo() async throws {
        await #expect(processExitsWith: .success) {
            // Timers open descriptors too, at their first use, and end the process when they get none. A sleep that is over
            // before it is begun, on a busy machine, opens none.
            func hasTimer() throws -> Bool {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
                        .contains("timerfd") == true
                }
            }
            while try !hasTimer() { try await Task.sleep(for: .milliseconds(5)) }
            // Room for one descriptor: by the second the thread would wait.
            let free = dup(0)
            close(free)
            var limits = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            limits.rlim_cur = rlim_t(free + 1)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            let client = CurlClient()
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(HTTPRequest(url: "http://127.0.0.1:1/"))
            }
            #expect(error?.message.contains("RLIMIT_NOFILE") == true, "\(error?.message ?? "no error")")
            await client.shutdown()
        }
    }
}
