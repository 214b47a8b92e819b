import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gephi.graph.api.Column;
import org.gephi.graph.api.Edge;
import org.gephi.graph.api.Graph;
import org.gephi.graph.api.GraphController;
import org.gephi.graph.api.GraphModel;
import org.gephi.graph.api.Interval;
import org.gephi.graph.api.Node;
import org.gephi.graph.api.Table;
import org.gephi.io.importer.api.Container;
import org.gephi.io.importer.api.ImportController;
import org.gephi.io.importer.api.Issue;
import org.gephi.io.processor.plugin.DefaultProcessor;
import org.gephi.preview.api.Item;
import org.gephi.preview.api.PreviewController;
import org.gephi.project.api.ProjectController;
import org.gephi.project.api.Workspace;
import org.openide.util.Lookup;

/**
 * Opens each file as Gephi's desktop does with its default settings but for Auto-scale, which the how-to says to untick,
 * and prints one line of JSON per file. {@code looks} is the place and size of each node in the graph, and its diameter in
 * the preview, which is what is printed.
 */
public final class ReadWithGephi {
  public static void main(String[] files) throws Exception {
    java.util.logging.LogManager.getLogManager().reset();
    for (String name : files) {
      System.out.println("RESULT " + read(new File(name)));
    }
    System.exit(0);
  }

  static String read(File file) throws Exception {
    ProjectController projects = Lookup.getDefault().lookup(ProjectController.class);
    projects.newProject();
    Workspace workspace = projects.getCurrentWorkspace();
    ImportController importer = Lookup.getDefault().lookup(ImportController.class);
    Container container = importer.importFile(file);
    List<String> issues = new ArrayList<>();
    container.getLoader().setAutoScale(false);
    container.closeLoader();
    for (java.util.Iterator<Issue> all = container.getReport().getIssues(Integer.MAX_VALUE); all.hasNext();) {
      Issue issue = all.next();
      issues.add(issue.getLevel() + ": " + issue.getMessage());
    }
    importer.process(container, new DefaultProcessor(), workspace);
    GraphModel model = Lookup.getDefault().lookup(GraphController.class).getGraphModel(workspace);
    Graph graph = model.getGraph();
    Map<String, Integer> kinds = new TreeMap<>(), undirected = new TreeMap<>();
    double weight = 0;
    int dated = 0;
    for (Edge edge : graph.getEdges().toArray()) {
      kinds.merge(String.valueOf(edge.getTypeLabel()), 1, Integer::sum);
      if (!edge.isDirected()) undirected.merge(String.valueOf(edge.getTypeLabel()), 1, Integer::sum);
      weight += edge.getWeight();
    }
    int labelled = 0, placed = 0, coloured = 0;
    for (Node node : graph.getNodes().toArray()) {
      if (node.getLabel() != null && !node.getLabel().isEmpty()) labelled++;
      if (node.x() != 0 || node.y() != 0) placed++;
      if (!(node.r() == 0 && node.g() == 0 && node.b() == 0)) coloured++;
      Interval[] times = node.getIntervals();
      if (times != null && times.length > 0) dated++;
    }
    PreviewController preview = Lookup.getDefault().lookup(PreviewController.class);
    preview.refreshPreview(workspace);
    List<String> looks = new ArrayList<>();
    for (Item item : preview.getModel(workspace).getItems(Item.NODE)) {
      Node node = (Node) item.getSource();
      Float diameter = item.getData("size");
      looks.add(quote(String.valueOf(node.getId())) + ": [" + node.x() + ", " + node.y() + ", " + node.size() + ", " + diameter + "]");
    }
    StringBuilder out = new StringBuilder("{");
    field(out, "file", quote(file.getName()));
    field(out, "nodes", String.valueOf(graph.getNodeCount()));
    field(out, "edges", String.valueOf(graph.getEdgeCount()));
    field(out, "edge_types", map(kinds));
    field(out, "weight", String.valueOf(weight));
    field(out, "undirected", map(undirected));
    field(out, "looks", "{" + String.join(", ", looks) + "}");
    field(out, "labelled", String.valueOf(labelled));
    field(out, "placed", String.valueOf(placed));
    field(out, "coloured", String.valueOf(coloured));
    field(out, "node_columns", columns(model.getNodeTable()));
    field(out, "edge_columns", columns(model.getEdgeTable()));
    field(out, "dynamic", String.valueOf(model.isDynamic()));
    field(out, "dated", String.valueOf(dated));
    Interval bounds = model.isDynamic() ? model.getTimeBounds() : null;
    field(out, "time", bounds == null ? "null" : quote(bounds.getLow() + " " + bounds.getHigh()));
    field(out, "time_format", quote(String.valueOf(model.getTimeFormat())));
    List<String> quoted = new ArrayList<>();
    for (String issue : issues) quoted.add(quote(issue));
    field(out, "issues", "[" + String.join(", ", quoted) + "]");
    projects.closeCurrentProject();
    return out.append("}").toString();
  }

  static void field(StringBuilder out, String name, String value) {
    out.append(out.length() > 1 ? ", " : "").append(quote(name)).append(": ").append(value);
  }

  static String columns(Table table) {
    Map<String, String> found = new TreeMap<>();
    for (Column column : table) {
      if (!column.isProperty()) found.put(column.getTitle(), column.getTypeClass().getSimpleName());
    }
    List<String> parts = new ArrayList<>();
    found.forEach((name, type) -> parts.add(quote(name) + ": " + quote(type)));
    return "{" + String.join(", ", parts) + "}";
  }

  static String map(Map<String, Integer> counts) {
    List<String> parts = new ArrayList<>();
    counts.forEach((name, number) -> parts.add(quote(name) + ": " + number));
    return "{" + String.join(", ", parts) + "}";
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < 32) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
