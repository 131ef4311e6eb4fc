import CommandLineParsing
import ControllerApp
import Foundation
import TestSupport
import Testing

@Suite("Documentation and manifests")
struct DocumentationTests {
    @Test("docs/flags.md lists the flags as they are")
    func flags() throws {
        let documented = try DocumentationPage("docs/flags.md").flags(of: "source-controller")
        #expect(documented == ControllerFlags().set.markdown(), "docs/flags.md is stale: run 'make docs'")
    }

    @Test("The overlay beside Flux grants the Lease that its selector leads to")
    func lease() throws {
        let overlay = try DocumentationPage("config/beside-flux/kustomization.yaml").text
        let argument = try #require(overlay.firstMatch(of: /value: (--watch-label-selector=\S+)/)).output.1
        let flags = ControllerFlags()
        let values = try flags.set.parse([String(argument), "--enable-leader-election"])
        let configuration = try ControllerConfiguration(flags: flags, values: values, environment: [:])
        let lease = try #require(configuration.leaderElection).leaseName
        #expect(overlay.contains("value: [\(lease)]"))
        #expect(try DocumentationPage("docs/migrating-from-flux.md").text.contains("`\(lease)`"))
    }

    @Test("Every message that a page quotes is produced by a test", arguments: Quote.pages)
    func quotes(page: String) throws {
        let tested = try Quote.tested()
        let quotes = try Quote.all(in: page)
        #expect(!quotes.isEmpty)
        for quote in quotes {
            #expect(tested.contains(quote), "no test compares this with what is said: #\"\(quote)\"#")
        }
    }

    @Test("A duration that contradicts another flag is shown as it is written")
    func durations() throws {
        let flags = ControllerFlags()
        let values = try flags.set.parse(["--enable-leader-election", "--leader-election-renew-deadline=40s"])
        let error = #expect(throws: CommandLineError.self) {
            try ControllerConfiguration(flags: flags, values: values, environment: [:])
        }
        #expect(
            error?.message
                == "invalid value '40s' for --leader-election-renew-deadline: must be shorter than --leader-election-lease-duration (35s)"
        )
    }

    @Test(
        "Links between pages lead somewhere",
        arguments: [
            "README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/authentication.md", "docs/cli.md",
            "docs/flags.md", "docs/install.md", "docs/metrics.md", "docs/migrating-from-flux.md",
            "docs/notation.md", "docs/ocirepository.md", "docs/troubleshooting.md", "docs/verification.md",
        ])
    func links(page: String) throws {
        let folder = page.contains("/") ? "docs/" : ""
        for match in try DocumentationPage(page).text.matches(of: /\]\(([^)\s]+)\)/) {
            let parts = match.output.1.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
            if match.output.1.contains("://") { continue }
            let target = parts[0].isEmpty ? page : folder + parts[0]
            let text = try DocumentationPage(target).text
            guard parts.count == 2 else { continue }
            let anchors = text.split(separator: "\n").filter { $0.hasPrefix("#") }.map(Self.anchor)
            #expect(anchors.contains(parts[1]), "\(page) links to \(target)#\(parts[1])")
        }
    }

    /// The fragment that GitHub gives a heading.
    private static func anchor(_ heading: Substring) -> String {
        heading.drop { $0 == "#" || $0 == " " }.lowercased()
            .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }
            .replacingOccurrences(of: " ", with: "-")
    }
}
