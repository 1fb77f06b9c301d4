"""Whether what stands before a line number is a file of the user's own: no library's, runner's or generated
file, no address, no version.
"""

from __future__ import annotations

import re

SOURCE_EXTENSIONS = frozenset(
    """
    adb ads astro bat bats bazel bb bbappend bbclass bib bicep bzl c c++ cabal cc cfg cjs clj cljc cljs cls cmake
    cmd cob coffee conf cpp cppm cr cs cshtml csproj csh css csv cts cu cuh cue cxx cypher d dart dhall dockerfile
    do dtd dts dtsi ebuild edn eex ejs el elm env erb erl ex exs f f03 f08 f77 f90 f95 fish for frag fs fsi fsproj
    fsx fth gd gemspec glsl go gql gradle graphql groovy gyp gypi h h++ haml handlebars hbs hcl heex hh hlsl hpp hql
    hrl hs htm html hx hxx idl in inc ini inl ino ipp ipynb j2 janet java jinja jinja2 jl js json json5 jsonc jsonnet
    jsp jsx ksh kt kts ld leex less lhs libsonnet liquid lisp lock lua lv m m4 mak make markdown md mdx mk ml mli mll
    mly mm mod mts mustache nf nim nimble ninja nix njk nomad nqp nsi pas patch pch php phpt phtml pks pl plist pm
    po pod podspec pp prisma pro properties props proto ps1 psd1 psm1 pug purs py pyi pyw pyx pxd qml qrc r rake
    raml rb re rego rei res rkt rmd robot rs rst ru s sass sbt sc scala scm scss sh slim smk snap sol spec sql
    ss st star sty sv svelte svg svh swift t targets tcl template tex tf tfvars thrift toml tpl ts tsv tsx ttl twig txt
    ui v vala vb vbproj vert vhd vhdl vim vue wat wgsl wit wsdl xaml xml xq xsd xsl yaml yml yang zig zsh
    bash feature cy kdl rnc sls service timer socket md5 qbs bzlmod tap
    """.split()
)
"""Endings of files that people write."""
_NAMES = re.compile(
    r"(?:.*[\\/])?(?:GNUm|[Mm])akefile(?:\.(?!in$)\w+)?$|(?:.*[\\/])?(?:Dockerfile|Containerfile)(?:\.[\w-]+)?$"
    r"|(?:.*[\\/])?(?:Rakefile|Gemfile|Podfile|Vagrantfile|Jenkinsfile|Brewfile|Fastfile|Justfile|justfile|Procfile"
    r"|Snakefile|BUILD|WORKSPACE|SConstruct|SConscript|Kconfig|Tiltfile|Earthfile|Caddyfile|Guardfile|Capfile|dune"
    r"|wscript|meson\.build|build\.gradle|cpanfile|rebar\.config|crontab)$"
)
_FOREIGN = re.compile(
    r"node_modules[\\/]|node:|(?:site|dist)-packages[\\/]|^/usr/(?:lib|lib64|include|share|local/(?:lib|share|go|include))/"
    r"|[\\/]lib(?:64)?[\\/]python\d|^<|[\\/]<|frozen |/rustc/|\.cargo[\\/]registry|[\\/]library/(?:std|core|alloc)/src/"
    r"|[\\/](?:gems|rubygems|\.rvm|\.rbenv|rubies)[\\/]|rubygems|[\\/]hostedtoolcache[\\/]|^internal/|[\\/]go/pkg/mod[\\/]"
    r"|@v\d|/usr/local/go/|^/nix/store/|[\\/]\.(?:m2|gradle|npm|yarn|cache|pub-cache|opam|cabal|stack|pyenv|nvm|mix|hex)[\\/]"
    r"|^(?:ext:|deno:|bun:|native |eval at |anonymous|<anonymous>|webpack[\\/]|webpack-internal:)|[\\/]vendor[\\/]"
    r"|^vendor[\\/]|[\\/]Pods[\\/]|^Pods[\\/]|[\\/]DerivedData[\\/]|\.xctoolchain[\\/]|[\\/]Xcode[\w.-]*\.app[\\/]"
    r"|CMakeFiles[\\/]|[\\/]?build\.make$|Makefile2$|[\\/]perl5?[\\/](?:5|lib|site|vendor|perlbrew)|[\\/]miniconda\d?[\\/]|[\\/]anaconda\d?[\\/]"
    r"|(?:^|[\\/])(?:zone|jasmine(?:-core)?|mocha|karma)\.js$|\.min\.js$|[\\/]_pytest[\\/]|[\\/]pluggy[\\/]|_virtualenv\.py$"
    r"|^(?:/snapshot/|/opt/(?:java|jdk|dotnet|node))|/libexec/|/usr/sbin/|^/lib/|Program Files|\.dotnet[\\/]|Microsoft\.[\w.]+\.targets$|localhost:\d+/|__cypress/"
    r"|/builddir/build/BUILD/(?:glibc|gcc)|\.\./sysdeps/|libc_start|csu/|^/_/src/|^/(?:b/wheel/)?pytorch(?:-src)?/|[\\/]conda-bld[\\/]|^/buildslave/|^(?:boot|kernel)\.jl$"
)
_BARE_RUNTIME = re.compile(
    r"^(?:module|events|fs|net|timers|vm|util|assert|node|stream|dns|http|https|tls|zlib|path|buffer|child_process|loader"
    r"|bootstrap_node|_\w+)\.js$"
    r"|^(?:Assert|Method|Thread|Arrays|Objects|Optional|ArrayList|HashMap|Native\w+|Delegating\w+|Abstract\w+Executor"
    r"|ThreadPoolExecutor|FutureTask|Class|ClassLoader|URLClassLoader|Unsafe|Integer|String)\.java$"
    r"|^(?:proc|panic|testing|asm_\w+|signal_\w+|map|chan|select)\.go$"
    r"|^(?:gen_server|gen_statem|proc_lib|supervisor|application|erl_eval|eunit|ct_\w+|test_server)\.erl$"
)
_FOREIGN_CLASS = re.compile(
    r"^(?:java\.base|app|platform)?/?/?(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|org\.(?:junit|gradle"
    r"|codehaus|groovy|hamcrest|assertj|mockito|testng|scalatest|scalactic|specs2|spockframework|apache\.(?:maven|tools\.ant|spark|hadoop|kafka|flink|catalina|coyote|tomcat|commons|http|logging|log4j|hive|felix|karaf)"
    r"|opentest4j|springframework|jetbrains|eclipse|hibernate|reflections|jenkinsci|slf4j|jboss|postgresql)|hudson|jenkins|junit|io\.(?:mockk|kotest|kotlintest|netty)|sbt|xsbt|worker\.org"
    r"|com\.(?:google\.common|intellij|gradle|android\.(?:builder|build|tools|internal))|net\.bytebuddy|munit|zio\.test|akka\.actor"
    r"|android\.(?:os|app)|dalvik)\."
)
_ADDRESS = re.compile(
    r"^(?:\d{1,3}\.){3}\d{1,3}$|^[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|dev|local|internal|cloud|gov|edu|info|app|svc)$"
)
_URL = re.compile(
    r"^(?:https?|s?ftp|ssh|git|wss?|tcp|udp|amqp|redis|postgres\w*|mysql|mongodb\w*|jdbc|unix|gs|s3|docker|oci|arn):"
)
_PREFIXES = re.compile(
    r"^(?:webpack(?:-internal)?://[^/]*/(?:\./)?|file://(?:localhost)?(?=/)|file:(?=/(?!/))|vite:|rollup:|psql:|turbopack:///)"
)


def own_file(name: str, *, surely: bool = False) -> str | None:
    """The file as it can be opened, if it is the user's own; None where it is a library's or no file at all.

    `surely`: the form says that it is a file (`File "..."`), so that its ending needn't be a known one.
    """
    if _URL.match(name):
        return None
    cleaned = _PREFIXES.sub("", name)
    if len(cleaned) > 2 and cleaned[0] == "/" and cleaned[2:3] == ":":
        cleaned = cleaned[1:]  # file:///C:/…
    bare = cleaned.replace("\\", "/").rpartition("/")[2]
    if not bare or _ADDRESS.match(cleaned) or cleaned[0] in "<[":
        return None
    if _FOREIGN.search(cleaned) or (bare == cleaned and _BARE_RUNTIME.match(bare)):
        return None
    stem, dot, ending = bare.rpartition(".")
    known = bool(dot and stem) and ending.lower() in SOURCE_EXTENSIONS
    if known or _NAMES.fullmatch(cleaned):
        return cleaned
    return cleaned if surely and re.fullmatch(r"[\w./\\:@ +~()\[\]-]{1,300}", cleaned) else None


def own_class(name: str) -> bool:
    """Whether a class of the JVM is not the runtime's, a test runner's or a build tool's."""
    return not _FOREIGN_CLASS.match(name + ".")
