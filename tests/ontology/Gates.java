import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.geneontology.obographs.core.io.OgJsonReader;
import org.geneontology.obographs.core.model.Graph;
import org.obolibrary.robot.IOHelper;
import org.obolibrary.robot.ReportOperation;
import org.obolibrary.robot.checks.Report;
import org.semanticweb.elk.owlapi.ElkReasonerFactory;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.io.RDFParserMetaData;
import org.semanticweb.owlapi.model.OWLDocumentFormat;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.model.OWLOntologyManager;
import org.semanticweb.owlapi.model.parameters.Imports;
import org.semanticweb.owlapi.profiles.OWLProfileReport;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.profiles.Profiles;
import org.semanticweb.owlapi.reasoner.InferenceType;
import org.semanticweb.owlapi.reasoner.OWLReasoner;
import org.semanticweb.owlapi.reasoner.OWLReasonerFactory;

/**
 * Judges ontology files with the real tools. Arguments: gates joined by commas (load, profiles, hermit, elk, robot;
 * consistency-only keeps reasoners from classifying, which takes long where there are many things), then files.
 * Prints one line a finding: file, gate, measure, value, detail, with tabs between.
 */
public class Gates {
    static String file;

    static void say(String gate, String measure, Object value, String detail) {
        String clean = String.valueOf(detail).replaceAll("\\s+", " ");
        System.out.println(String.join("\t", file, gate, measure, String.valueOf(value), clean));
    }

    public static void main(String[] arguments) throws Exception {
        List<String> gates = List.of(arguments[0].split(","));
        for (int n = 1; n < arguments.length; n++) {
            File path = new File(arguments[n]);
            file = path.getName();
            if (file.endsWith(".json")) {
                Graph graph = OgJsonReader.readFile(path).getGraphs().get(0);
                say("obograph", "nodes", graph.getNodes().size(), "");
                say("obograph", "edges", graph.getEdges().size(), "");
                say("obograph", "logical definitions", graph.getLogicalDefinitionAxioms().size(), "");
                continue;
            }
            OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
            OWLOntology ontology = manager.loadOntologyFromOntologyDocument(path);
            if (gates.contains("load")) load(manager, ontology);
            if (gates.contains("profiles")) profiles(ontology);
            if (gates.contains("hermit")) reason("hermit", new org.semanticweb.HermiT.ReasonerFactory(), ontology, gates);
            if (gates.contains("elk")) reason("elk", new ElkReasonerFactory(), ontology, gates);
            if (gates.contains("robot")) robot(ontology);
        }
    }

    static void load(OWLOntologyManager manager, OWLOntology ontology) {
        OWLDocumentFormat format = manager.getOntologyFormat(ontology);
        say("load", "axioms", ontology.getAxiomCount(), ontology.getOntologyID().toString());
        say("load", "logical axioms", ontology.getLogicalAxiomCount(), "");
        var data = format.getOntologyLoaderMetaData();
        long unread = data instanceof RDFParserMetaData ? ((RDFParserMetaData) data).getUnparsedTriples().size() : 0;
        say("load", "triples not understood", unread, "");
    }

    static void profiles(OWLOntology ontology) {
        Map<String, Profiles> known = new TreeMap<>(Map.of("DL", Profiles.OWL2_DL, "EL", Profiles.OWL2_EL, "RL", Profiles.OWL2_RL));
        for (Map.Entry<String, Profiles> entry : known.entrySet()) {
            OWLProfileReport report = entry.getValue().checkOntology(ontology);
            say("owlapi", "OWL 2 " + entry.getKey() + " violations", report.getViolations().size(), "");
            if (entry.getKey().equals("DL")) {
                for (OWLProfileViolation violation : report.getViolations()) {
                    say("owlapi", "violation", violation.getClass().getSimpleName(), violation.toString());
                }
            }
        }
    }

    static void reason(String name, OWLReasonerFactory factory, OWLOntology ontology, List<String> gates) {
        OWLReasoner reasoner = null;
        try {
            reasoner = factory.createReasoner(ontology);
            boolean consistent = reasoner.isConsistent();
            say(name, "consistent", consistent, "");
            if (consistent && !gates.contains("consistency-only")) {
                reasoner.precomputeInferences(InferenceType.CLASS_HIERARCHY);
                var impossible = reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom();
                say(name, "classes without possible members", impossible.size(), impossible.toString());
                OWLReasoner asked = reasoner;
                long links = ontology.getClassesInSignature(Imports.INCLUDED).stream().filter(c -> !c.isOWLThing() && !c.isOWLNothing())
                    .mapToLong(c -> asked.getSuperClasses(c, false).getFlattened().stream().filter(s -> !s.isOWLThing()).count()).sum();
                say(name, "subclass links", links, "");
            }
        } catch (Exception error) {
            say(name, "refused", error.getClass().getSimpleName(), String.valueOf(error.getMessage()));
        } finally {
            if (reasoner != null) reasoner.dispose();
        }
    }

    static void robot(OWLOntology ontology) throws Exception {
        Map<String, String> options = ReportOperation.getDefaultOptions();
        File profile = File.createTempFile("profile", ".txt");
        try (var usual = ReportOperation.class.getResourceAsStream("/report_profile.txt")) {
            // The one rule of ROBOT that its profile leaves out; the full ontology is classified, so it tells, and does not warn.
            String rules = new String(usual.readAllBytes()).strip() + "\nINFO\tmultiple_asserted_superclasses\n";
            java.nio.file.Files.writeString(profile.toPath(), rules);
        }
        options.put("profile", profile.getPath());
        Report report = ReportOperation.getReport(ontology, new IOHelper(), options);
        profile.delete();
        say("robot", "rules", report.errorCountByRule.size() + report.warnCountByRule.size() + report.infoCountByRule.size(), "");
        for (String level : new String[] {"ERROR", "WARN", "INFO"}) {
            say("robot", level, report.getTotalViolations(level), "");
        }
        File table = File.createTempFile("report", ".tsv");
        report.toTable("tsv").write(table.getPath(), "");
        for (String row : java.nio.file.Files.readAllLines(table.toPath())) {
            String[] cells = row.split("\t");
            if (cells.length > 3 && (cells[0].equals("ERROR") || cells[0].equals("WARN"))) {
                say("robot", cells[0].toLowerCase(), cells[1], String.join(" ", List.of(cells).subList(2, cells.length)));
            }
        }
        table.delete();
    }
}
