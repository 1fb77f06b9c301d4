"""Java projects: maven with surefire, javac by ant, plain programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, camel, noun, nouns, pascal
from runs import Fault, Form

_FRAMES = r"^\s+at |^\s*\.\.\. \d+ (more|common)|^Caused by: |^\s+Suppressed: "
_HELP = (
    r"^\[ERROR\] *$|re-run Maven with|Re-run Maven using|For more information about the errors|^\[ERROR\] \[Help|"
    r"^\[ERROR\] -> \[Help|Please refer to|After correcting the problems|mvn <args> -rf|mvn <goals>"
)
MAVEN = Form(
    report=r"^\[ERROR\] .*(\.java:\[\d+,\d+\]|<<< (FAILURE|ERROR)!|Failed to execute goal|COMPILATION ERROR|"
    r"Non-resolvable|Malformed|Unknown|Could not find|The forked VM|'\S+' for|Some problems|"
    r"Failures:|Errors:|There (are|was)|The build could not read|No plugin found|Unresolveable|The project )"
    r"|^\[ERROR\]   \S|^\[FATAL\]|^(Exception in thread|java\.\S+(Error|Exception))|^\[WARNING\] Rule \d+"
    r"|^\[ERROR\] Tests run: |^\[ERROR\] Process Exit Code|^\[ERROR\] Crashed tests|^\[ERROR\] The command|^#  |^\[ERROR\]     ",
    goes_on=r"^(\[ERROR\] )?  (symbol|location|required|found|reason)|^  (symbol|location|required|found|reason)|"
    + _FRAMES
    + r"|^(\S+\.)+\S+(Error|Exception)|^(org|java|junit)\.\S+:|^(Expected|  +but|expected)|^\(argument mismatch",
    aftermath=rf"^\[INFO\] BUILD FAILURE|{_HELP}|^\[ERROR\] Tests run: \d+, Failures: \d+, Errors: \d+, Skipped: \d+$|^\[INFO\] \d+ errors? *$",
    inside=rf"{_HELP}|^\s+at (org\.junit|org\.apache\.maven|java\.base|jdk\.internal|sun\.)",
)
ANT = Form(
    report=r"\[javac\] \S+:\d+: error: |\[javac\] error: |^BUILD FAILED|^\S+build\.xml:\d+: |\[java\] (Exception in|Caused by)",
    goes_on=r"^\s+\[javac\]  |^\s+\[javac\]\s+\^|^\S+build\.xml:\d+: |^\s+\[java\]\s+at ",
    aftermath=r"\[javac\] \d+ errors?|^Total time|Java Result: 1|\[javac\] Some input files",
)
JAVA = Form(
    report=r"^Exception in thread|^Error: |^\S+\.java:\d+: error: |^error: |^Caused by: |java\.lang\.OutOfMemoryError",
    goes_on=_FRAMES + r"|^\s+\S.*|^\s+\^",
    aftermath=r"^\d+ errors?$",
)

_WARNED = (
    "    List spare() {\n        List held = new ArrayList();\n        held.add(1);\n        return held;\n    }\n\n",
    '    int byCode(int code) {\n        switch (code) {\n            case 1: System.out.println("error 1");\n            default: return 2;\n        }\n    }\n\n',
    "    @Deprecated\n    void old() {}\n\n    Integer boxed() {\n        return new Integer(3);\n    }\n\n",
    "",
)


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    """A module of classes with tests; where `noisy`, the tests log errors that are expected."""
    names = [pascal(name) for name in nouns(chance, chance.randint(4, 14))]
    package = f"org.{noun(chance)}.{noun(chance)}"
    main = folder / "src/main/java" / package.replace(".", "/")
    tests = folder / "src/test/java" / package.replace(".", "/")
    main.mkdir(parents=True)
    tests.mkdir(parents=True)
    for number, name in enumerate(names):
        (main / f"{name}.java").write_text(
            f"package {package};\n\nimport java.util.*;\n\n/** One part. */\npublic class {name} {{\n"
            f"    private final int limit = {number + 2};\n\n"
            f"    public int limit() {{\n        return limit;\n    }}\n\n"
            f"    public int count(List<Integer> items) {{\n        int total = 0;\n"
            f"        for (int item : items) {{\n            total += item;\n        }}\n"
            f"        return total;\n    }}\n\n"
            f"{chance.choice(_WARNED) if noisy else ''}"
            f"    public static void main(String[] arguments) {{\n"
            f'        System.out.println("{name} " + new {name}().limit());\n    }}\n}}\n'
        )
        shout = (
            '        java.util.logging.Logger.getLogger("part").log(java.util.logging.Level.SEVERE, "refused as '
            'it should", new IllegalStateException("closed"));\n'
            if noisy and number % 2
            else ""
        )
        said = f'        System.out.println("checking {name} with an error code of 0");\n' if noisy else ""
        (tests / f"{name}Test.java").write_text(
            f"package {package};\n\nimport static org.junit.Assert.*;\nimport java.util.*;\nimport org.junit.*;\n\n"
            f"public class {name}Test {{\n    @Before\n    public void prepare() {{\n    }}\n\n"
            f"    @Test\n    public void limitIsKept() {{\n{shout}{said}"
            f"        assertEquals({number + 2}, new {name}().limit());\n    }}\n\n"
            f"    @Test\n    public void countsAll() {{\n        assertEquals(6, new {name}().count(Arrays.asList(1, 2, 3)));\n"
            "    }\n}\n"
        )
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n<modelVersion>4.0.0</modelVersion>\n'
        f"<groupId>{package}</groupId><artifactId>{names[0].lower()}</artifactId><version>1.{len(names)}-SNAPSHOT</version>\n"
        "<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>"
        "<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>\n<dependencies>\n"
        "<dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.x</version><scope>test</scope></dependency>\n"
        "</dependencies>\n<build><plugins></plugins></build>\n</project>\n"
    )
    (folder / "build.xml").write_text(
        f'<project name="{names[0].lower()}" default="all">\n<target name="init"><mkdir dir="build"/></target>\n'
        '<target name="compile" depends="init"><javac srcdir="src/main/java" destdir="build" includeantruntime="false"/></target>\n'
        f'<target name="all" depends="compile"><java classname="{package}.{names[0]}" classpath="build" fork="true" failonerror="true"/>'
        "<echo>done</echo></target>\n</project>\n"
    )
    maven = f"mvn -B -o -s /etc/maven/settings-debian.xml{chance.choice(['', '', ' -V', ' -e'])}"
    sources = " ".join(str(path.relative_to(folder)) for path in main.glob("*.java"))
    return [
        ("sh", "-c", f"{maven} test"),
        ("ant", "-noinput"),
        (
            "sh",
            "-c",
            f"mkdir -p build && javac {chance.choice(['', '-Xlint:all ', '-Xlint:all '])}-d build {sources} && java -cp build {package}.{names[0]}",
        ),
    ]


MVN, ANT_BUILD, PLAIN = range(3)


def _class(folder: Path, chance: Random) -> Path:
    return chance.choice(sorted(folder.glob("src/main/java/**/*.java")))


def _first(folder: Path) -> Path:
    """The class whose `main` is run: the one that build.xml names."""
    name = (folder / "build.xml").read_text().split('classname="')[1].split('"')[0]
    return folder / "src/main/java" / (name.replace(".", "/") + ".java")


def _test(folder: Path, chance: Random) -> Path:
    return chance.choice(sorted(folder.glob("src/test/java/**/*.java")))


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _symbol(folder: Path, chance: Random) -> list[str]:
    path, name = _class(folder, chance), camel(call(chance))
    _edit(path, "int total = 0;", f"int total = {name}(items);")
    return [path.name]


def _many_symbols(folder: Path, chance: Random) -> list[str]:
    name = pascal(noun(chance)) + "Missing"
    for path in folder.glob("src/main/java/**/*.java"):
        _edit(path, "int total = 0;", f"{name} one = new {name}(); int total = 0;")
    return [name, ".java:["]


def _semicolon(folder: Path, chance: Random) -> list[str]:
    path = _class(folder, chance)
    _edit(path, "return total;", "return total")
    return [path.name]


def _types(folder: Path, chance: Random) -> list[str]:
    path = _class(folder, chance)
    _edit(path, "return total;", 'return "total";')
    return [path.name]


def _import(folder: Path, chance: Random) -> list[str]:
    path, name = _class(folder, chance), f"com.{noun(chance)}.{noun(chance)}"
    _edit(path, "import java.util.*;", f"import java.util.*;\nimport {name}.Helper;")
    return [name, path.name]


def _test_symbol(folder: Path, chance: Random) -> list[str]:
    path = _test(folder, chance)
    _edit(path, ".limit());", f".{camel(call(chance))}());")
    return [path.name]


def _wrong(folder: Path, chance: Random) -> list[str]:
    path = _class(folder, chance)
    _edit(path, "total += item;", "total -= item;")
    return [f"{path.stem}Test"]


def _many_wrong(folder: Path, chance: Random) -> list[str]:
    for path in folder.glob("src/main/java/**/*.java"):
        _edit(path, "return limit;", 'throw new UnsupportedOperationException("limit of " + getClass());')
    return ["limit of"]


def _throws(folder: Path, chance: Random) -> list[str]:
    path, name = _class(folder, chance), noun(chance)
    _edit(
        path,
        "int total = 0;",
        f'int total = 0; Map<String, Integer> parts = new HashMap<>(); total += parts.get("{name}");',
    )
    return ["NullPointerException"]


def _chained(folder: Path, chance: Random) -> list[str]:
    path, name = _class(folder, chance), f"{noun(chance)}.properties"
    _edit(
        path,
        "return limit;",
        f'try {{ new java.io.FileInputStream("{name}").close(); }} catch (java.io.IOException error) '
        '{ throw new IllegalStateException("can\'t load settings", error); } return limit;',
    )
    return [name]


def _before(folder: Path, chance: Random) -> list[str]:
    path, name = _test(folder, chance), noun(chance)
    _edit(
        path,
        "public void prepare() {\n",
        f'public void prepare() {{\n        throw new IllegalStateException("no {name} for tests");\n',
    )
    return [f"no {name} for tests"]


def _exit(folder: Path, chance: Random) -> list[str]:
    _edit(_class(folder, chance), "int total = 0;", "int total = 0; System.exit(3);")
    return ["forked VM"]


def _dependency(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}"
    _edit(
        folder / "pom.xml",
        "</dependencies>",
        f"<dependency><groupId>org.{noun(chance)}</groupId><artifactId>{name}</artifactId>"
        f"<version>{chance.randint(1, 9)}.{chance.randint(0, 9)}</version></dependency>\n</dependencies>",
    )
    return [name]


def _plugin(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-maven-plugin"
    _edit(
        folder / "pom.xml",
        "<plugins>",
        f"<plugins><plugin><groupId>org.{noun(chance)}</groupId><artifactId>{name}</artifactId><version>1.4</version>"
        "<executions><execution><phase>validate</phase><goals><goal>check</goal></goals></execution></executions></plugin>",
    )
    return [name]


def _parent(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-parent"
    _edit(
        folder / "pom.xml",
        "<modelVersion>",
        f"<parent><groupId>org.{noun(chance)}</groupId><artifactId>{name}</artifactId><version>7</version></parent>\n<modelVersion>",
    )
    return [name]


def _xml(folder: Path, chance: Random) -> list[str]:
    _edit(folder / "pom.xml", "</dependencies>", "<dependencies>")
    return ["pom.xml"]


def _release(folder: Path, chance: Random) -> list[str]:
    _edit(folder / "pom.xml", "<maven.compiler.target>11", f"<maven.compiler.target>{chance.choice([4, 99])}")
    return ["target", "release"]


def _enforcer(folder: Path, chance: Random) -> list[str]:
    version = f"{chance.randint(4, 9)}.{chance.randint(0, 9)}"
    _edit(
        folder / "pom.xml",
        "<plugins>",
        "<plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-enforcer-plugin</artifactId>"
        "<version>3.1.0</version><executions><execution><goals><goal>enforce</goal></goals><configuration><rules>"
        f"<requireMavenVersion><version>{version}</version></requireMavenVersion></rules></configuration></execution></executions></plugin>",
    )
    return [version]


def _main_throws(folder: Path, chance: Random) -> list[str]:
    name = noun(chance)
    _edit(
        _first(folder),
        "        System.out.println(",
        f'        Objects.requireNonNull(System.getProperty("{name}"), "{name} is not set");\n        System.out.println(',
    )
    return [f"{name} is not set"]


def _memory(folder: Path, chance: Random) -> list[str]:
    _edit(
        _first(folder),
        "        System.out.println(",
        "        List<long[]> all = new ArrayList<>(); while (true) all.add(new long[80000000]);\n    }\n    static void rest() {\n        System.out.println(",
    )
    return ["OutOfMemoryError"]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    ("maven", MVN, Fault("missing symbol", "compile", MAVEN, _symbol)),
    ("maven", MVN, Fault("missing class everywhere", "compile", MAVEN, _many_symbols)),
    ("maven", MVN, Fault("missing semicolon", "compile", MAVEN, _semicolon)),
    ("maven", MVN, Fault("wrong types", "compile", MAVEN, _types)),
    ("maven", MVN, Fault("missing import", "compile", MAVEN, _import)),
    ("maven", MVN, Fault("missing symbol in a test", "compile", MAVEN, _test_symbol)),
    ("maven", MVN, Fault("assertion", "test", MAVEN, _wrong)),
    ("maven", MVN, Fault("every test fails", "test", MAVEN, _many_wrong)),
    ("maven", MVN, Fault("exception", "test", MAVEN, _throws)),
    ("maven", MVN, Fault("exception with a cause", "test", MAVEN, _chained)),
    ("maven", MVN, Fault("exception before each test", "test", MAVEN, _before)),
    ("maven", MVN, Fault("exit in a test", "crash", MAVEN, _exit)),
    ("maven", MVN, Fault("missing dependency", "dependency", MAVEN, _dependency)),
    ("maven", MVN, Fault("missing plugin", "dependency", MAVEN, _plugin)),
    ("maven", MVN, Fault("missing parent", "dependency", MAVEN, _parent)),
    ("maven", MVN, Fault("broken pom", "configuration", MAVEN, _xml)),
    ("maven", MVN, Fault("wrong release", "configuration", MAVEN, _release)),
    ("maven", MVN, Fault("rule of the enforcer", "configuration", MAVEN, _enforcer)),
    ("ant", ANT_BUILD, Fault("missing symbol", "compile", ANT, _symbol)),
    ("ant", ANT_BUILD, Fault("exception", "crash", ANT, _main_throws)),
    ("java", PLAIN, Fault("missing semicolon", "compile", JAVA, _semicolon)),
    ("java", PLAIN, Fault("exception", "crash", JAVA, _main_throws)),
    (
        "java",
        PLAIN,
        Fault("no memory", "memory", JAVA, _memory, environment={"JAVA_TOOL_OPTIONS": "-Xmx64m"}),
    ),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in _TABLE:
        yield tool, chance.random() < 0.5, way, fault
