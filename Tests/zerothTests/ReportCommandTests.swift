import Foundation
import Testing

/// `zeroth report` as its users run it, and its pages as a browser shows them.
struct ReportCommandTests {
    private static let space = """
        {
          name: "</title><img src=x onerror=alert(1)> & \\"arrays\\"", machine: "edge-int8", network: "minilm-l6", sequence: 16, batch: 2,
          vary: [
            { fields: ["organisation.array.rows", "organisation.array.columns"], values: [8, 16, 32] },
            { field: "organisation.array.dataflow", values: ["weight-stationary", "output-stationary"] },
            { field: "organisation.sram.weight.bytes", values: [256, 65536] },
            { field: "organisation.dram.bandwidthGigabytesPerSecond", range: { from: 10, to: 30, step: 5 } },
          ],
          objectives: ["energy", "latency", "sram_bytes"],
        }
        """

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-report-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func zeroth(_ arguments: String..., in folder: String) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(arguments, in: folder)
    }

    private func sweep(in folder: String) throws {
        try Self.space.write(toFile: folder + "/space.json5", atomically: true, encoding: .utf8)
        #expect(try zeroth("explore", "space.json5", "--output", "sweep", in: folder).status == 0)
    }

    private func run(in folder: String) throws {
        #expect(
            try zeroth("finetune", "--steps", "3", "--evaluate-every", "1", "--output", "run", in: folder).status == 0)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    // MARK: Without a browser

    @Test func aRunsFiguresAreThoseOfItsFiles() throws {
        try withFolder { folder in
            try run(in: folder)
            let said = try zeroth("report", "run", "--json", in: folder)
            #expect(said.status == 0, "\(said.err)")
            let answer = try #require(try JSONSerialization.jsonObject(with: Data(said.out.utf8)) as? [String: Any])
            #expect(answer["kind"] as? String == "run" && answer["figures"] as? Int == 11)
            let page = try text(folder + "/report.html")
            #expect(answer["bytes"] as? Int == page.utf8.count)
            // The table holds every evaluation, and the ratio is cost.json's.
            for line in try text(folder + "/run/metrics.csv").split(separator: "\n").dropFirst() {
                let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                #expect(page.contains("data-v=\"\(try #require(Double(fields[12])))\""), "\(line)")
            }
            // Decoded, not by JSONSerialization: that may be off in a number's last bit.
            struct Step: Decodable { let picojoules, milliseconds: Double }
            struct Cost: Decodable { let zerothOrder, firstOrder: Step }
            let cost = try JSONDecoder().decode(
                Cost.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/run/cost.json")))
            for step in [cost.zerothOrder, cost.firstOrder] {
                #expect(page.contains("data-v=\"\(step.picojoules)\""))
                #expect(page.contains("data-v=\"\(step.milliseconds)\""))
            }
            for flag in ["measured", "derived", "estimated"] { #expect(page.contains("class=\"flag \(flag)\"")) }
            // The same folder, the same bytes.
            #expect(try zeroth("report", "run", "-o", "again.html", in: folder).status == 0)
            #expect(try text(folder + "/again.html") == page)
        }
    }

    @Test func aSweepsTableIsItsFront() throws {
        try withFolder { folder in
            try sweep(in: folder)
            #expect(try zeroth("report", "sweep", "-o", "page.html", in: folder).status == 0)
            let page = try text(folder + "/page.html")
            let said = try zeroth("explore", "pareto", "sweep", "--json", in: folder)
            let answer = try #require(try JSONSerialization.jsonObject(with: Data(said.out.utf8)) as? [String: Any])
            for point in try #require(answer["front"] as? [[String: Any]]) {
                for value in try #require(point["objectives"] as? [String: Any]).values {
                    #expect(page.contains("data-v=\"\(try #require(value as? Double))\""))
                }
            }
            #expect(page.contains("\(try #require(answer["knee"] as? Int)) (knee)"))
            // What the space's author wrote is text.
            #expect(!page.contains("<img") && page.contains("&lt;img src=x onerror=alert(1)&gt;"))
            #expect(page.contains("Points that cannot work"))
            // Other objectives, and those that it lacks.
            #expect(
                try zeroth("report", "sweep", "--objectives", "energy", "--overwrite", "-o", "page.html", in: folder)
                    .status == 0)
            #expect(try text(folder + "/page.html").contains("There is one objective"))
            let missing = try zeroth("report", "sweep", "--objectives", "energy_ratio", "-o", "x.html", in: folder)
            #expect(missing.status == 1 && missing.err.contains("holds no energy_ratio"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/x.html"))
        }
    }

    @Test func badInputIsNamed() throws {
        try withFolder { folder in
            func error(_ arguments: String...) throws -> String {
                let said = try ProgramRun.zeroth(["report"] + arguments, in: folder)
                #expect(said.status == 1 && said.out.isEmpty)
                #expect(said.err.split(separator: "\n").count == 1)
                return said.err
            }
            #expect(try error("nothing").contains("nothing: there is no such folder"))
            try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
            #expect(try error("empty").contains("it holds neither run.json nor space.json"))
            try "x".write(toFile: folder + "/file", atomically: true, encoding: .utf8)
            #expect(try error("file").contains("file: it is a file"))
            try run(in: folder)
            #expect(try error("run", "-o", "file").contains("file: exists already"))
            #expect(try text(folder + "/file") == "x")
            #expect(try error("run", "-o", "empty", "--overwrite").contains("empty: is a folder"))
            #expect(try error("run", "-o", "none/page.html").contains("none/page.html"))
            #expect(try error("run", "--objectives", "energy").contains("--objectives: run is a run"))
            #expect(try zeroth("report", "run", "-o", "file", "--overwrite", in: folder).status == 0)
            #expect(try text(folder + "/file").hasPrefix("<!DOCTYPE html>"))
            // Damaged files are named; nothing is written.
            for (name, text) in [("cost.json", "{}"), ("metrics.csv", "a,b\n"), ("run.json", "{\"data\": 1}")] {
                try text.write(toFile: "\(folder)/run/\(name)", atomically: true, encoding: .utf8)
                #expect(try error("run", "-o", "damaged.html").contains("run/\(name)"), "\(name)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/damaged.html"))
        }
    }

    /// Runs that have just begun, sweeps that are not over, empty or all in vain.
    @Test func whatIsNotThereIsSaid() throws {
        try withFolder { folder in
            try run(in: folder)
            try FileManager.default.removeItem(atPath: folder + "/run/cost.json")
            let lines = try text(folder + "/run/metrics.csv").split(separator: "\n")
            try (lines[...2].joined(separator: "\n") + "\n")
                .write(toFile: folder + "/run/metrics.csv", atomically: true, encoding: .utf8)
            #expect(try zeroth("report", "run", in: folder).status == 0)
            var page = try text(folder + "/report.html")
            #expect(page.contains("1 of 3 steps are done") && page.contains("has not written its costs"))
            #expect(page.contains("id=\"timeline\"") && page.contains("id=\"cost-energy-units\""))
            try FileManager.default.removeItem(atPath: folder + "/run/metrics.csv")
            #expect(try zeroth("report", "run", "--overwrite", in: folder).status == 0)
            page = try text(folder + "/report.html")
            #expect(page.contains("0 of 3 steps are done") && page.contains("there are no curves"))

            try sweep(in: folder)
            let rows = try text(folder + "/sweep/results.jsonl").split(separator: "\n").map(String.init)
            func report(_ rows: [String]) throws -> String {
                try (rows.map { $0 + "\n" }.joined())
                    .write(toFile: folder + "/sweep/results.jsonl", atomically: true, encoding: .utf8)
                let said = try zeroth("report", "sweep", "-o", "part.html", "--overwrite", in: folder)
                #expect(said.status == 0, "\(said.err)")
                return try text(folder + "/part.html")
            }
            #expect(try report(Array(rows.prefix(20))).contains("20 of 60 points are done"))
            let empty = try report([])
            #expect(empty.contains("There is no front: no point is costed yet") && !empty.contains("<figure"))
            let failed = try report(rows.filter { $0.contains("\"impossible\"") })
            #expect(
                failed.contains("none of the points costed can work") && failed.contains("Reasons, the most frequent"))
        }
    }

    // MARK: In a browser

    /// Debian's name first.
    private static let browsers = ["chromium", "chromium-browser", "google-chrome"]
    private static let browser = browsers.first { name in
        (try? ProgramRun.execute("/usr/bin/env", [name, "--version"], in: NSTemporaryDirectory()))?.status == 0
    }

    /// The page after its scripts have run, and what the browser said. The browser finds no host, so that a page that asks for one fails.
    private func dump(_ page: String, in folder: String) throws -> (html: String, messages: [Substring]) {
        let browser = try #require(Self.browser, "ZEROTH_REQUIRE_TOOLS is 1 and there is no chromium")
        let said = try ProgramRun.execute(
            "/usr/bin/env",
            [
                browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
                "--user-data-dir=\(folder)/profile", "--host-resolver-rules=MAP * ~NOTFOUND",
                "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom",
                "file://\(folder)/\(page)",
            ], in: folder)
        #expect(said.status == 0)
        return (said.out, said.err.split(separator: "\n").filter { $0.contains("CONSOLE") })
    }

    private func values(_ attribute: String, in html: String) throws -> [String] {
        html.matches(of: try Regex("[ ]\(attribute)=\"([^\"]*)\"", as: (Substring, Substring).self)).map {
            String($0.1)
        }
    }

    @Test(.enabled(if: ProgramRun.isRequired || browser != nil, "chromium is not installed"))
    func pagesRunInABrowserWithoutNetworkOrErrors() throws {
        try withFolder { folder in
            try run(in: folder)
            try sweep(in: folder)
            for name in ["run", "sweep"] {
                #expect(try zeroth("report", name, "-o", "\(name).html", in: folder).status == 0)
                let (html, messages) = try dump("\(name).html", in: folder)
                #expect(messages.isEmpty, "\(messages)")
                #expect(html.contains("data-ready"))
                // The scripts have made buttons of the tables' heads and taken the marks' titles.
                #expect(html.contains("<th scope=\"col\"><button type=\"button\">"))
                #expect(html.contains("aria-label=") && !html.contains("<circle><title"))
                // Ids are there once, and what names one finds it.
                let ids = try values("id", in: html)
                #expect(Set(ids).count == ids.count)
                let named = try values("aria-labelledby", in: html).flatMap {
                    $0.split(separator: " ").map(String.init)
                }
                let links = try values("href", in: html)
                #expect(named.count > 10 && links.count > 3)
                for id in named { #expect(ids.contains(id), "\(id)") }
                for link in links where link != "data:," {
                    #expect(link.hasPrefix("#") && ids.contains(String(link.dropFirst())), "\(link)")
                }
                // Nothing is fetched: no sources, no style sheets' addresses.
                #expect(try values("src", in: html).isEmpty && !html.contains("url(") && !html.contains("@import"))
                #expect(html.contains("default-src 'none'"))
                // Each drawing has a title and a description, each table a caption and scoped heads.
                let drawings = html.components(separatedBy: "<svg viewBox").filter { $0.contains("class=\"chart") }
                #expect(drawings.count > 3)
                for drawing in drawings {
                    #expect(drawing.contains("<title id=") && drawing.contains("<desc id="))
                }
                let tables = html.components(separatedBy: "<table").dropFirst()
                for table in tables { #expect(table.contains("<caption>") && table.contains("scope=\"col\"")) }
                for word in ["NaN", "inf", "nil"] { #expect(!html.contains(">\(word)") && !html.contains("\"\(word)")) }
            }
        }
    }
}
