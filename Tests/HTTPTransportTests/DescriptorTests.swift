import Core
import Glibc
import HTTPTransport
import TestSupport
import Testing

@Suite struct DescriptorTests {
    /// In a child: the limit on open files is the whole process's.
    @Test(.timeLimit(.minutes(2))) func aClientThatCouldNotStartSaysSo() async throws {
        await #expect(processExitsWith: .success) {
            // Timers open descriptors too, at their first use, and end the process when they get none.
            try await Task.sleep(for: .milliseconds(1))
            // Room for one descriptor: by the second the thread would wait.
            let free = dup(0)
            close(free)
            var limits = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            limits.rlim_cur = rlim_t(free + 1)
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            let client = CurlClient()
            let failure = Locked<String?>(nil)
            let request = Task {
                do { _ = try await client.send(HTTPRequest(url: "http://127.0.0.1:1/")) } catch {
                    failure.withLock { $0 = "\(error)" }
                }
            }
            try await eventually("the failure") {
                failure.current?.contains("RLIMIT_NOFILE") == true
            }
            await request.value
            await client.shutdown()
        }
    }
}
