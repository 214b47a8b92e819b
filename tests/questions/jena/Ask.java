import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.jena.query.*;
import org.apache.jena.rdf.model.Model;
import org.apache.jena.riot.RDFDataMgr;

/**
 * Answers every .rq file of a folder with Jena ARQ: {@code Ask graph questions answers rounds}.
 *
 * <p>The graph is N-Triples (one merged default graph) or N-Quads (asked over the union of its named graphs). Each answer is
 * written as SPARQL results in JSON; the median processor time of the rounds goes to standard output, one line per question.
 */
public class Ask {
  public static void main(String[] words) throws Exception {
    Dataset data = RDFDataMgr.loadDataset(words[0]);
    // the union is copied once, so that both layouts are asked at the same speed
    Model model = words[0].endsWith(".nq") ? org.apache.jena.rdf.model.ModelFactory.createDefaultModel().add(data.getUnionModel()) : data.getDefaultModel();
    var clock = java.lang.management.ManagementFactory.getThreadMXBean();
    int rounds = Integer.parseInt(words[3]);
    List<Path> files = new ArrayList<>();
    try (var found = Files.newDirectoryStream(Path.of(words[1]), "*.rq")) {
      found.forEach(files::add);
    }
    files.sort(null);
    for (Path file : files) {
      Query query = QueryFactory.create(Files.readString(file), Syntax.syntaxSPARQL_11);
      String name = file.getFileName().toString().replace(".rq", "");
      List<Double> seconds = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        long begun = clock.getCurrentThreadCpuTime();
        try (QueryExecution asked = QueryExecutionFactory.create(query, model)) {
          ResultSetRewindable rows = ResultSetFactory.copyResults(asked.execSelect());
          seconds.add((clock.getCurrentThreadCpuTime() - begun) / 1e9);
          if (round == 0) {
            try (OutputStream out = new FileOutputStream(Path.of(words[2], name + ".json").toFile())) {
              ResultSetFormatter.outputAsJSON(out, rows);
            }
          }
        }
      }
      seconds.sort(null);
      System.out.println(name + "\t" + seconds.get(seconds.size() / 2));
    }
  }
}
