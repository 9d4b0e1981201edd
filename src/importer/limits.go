package importer

// Limits bound what one import may take. All sizes are in bytes. A limit that is reached ends the import with an *Error
// that names the limit.
type Limits struct {
	// Upload is the size of the file as it was sent.
	Upload int64
	// Unpacked is the size of an archive after decompression, and the size of all properties and metadata of a JUnit
	// file once every result has its copy.
	Unpacked int64
	// Ratio is how many times its packed size an archive may unpack to. It is not asked for before 64 MiB are unpacked,
	// because small regular files pack far better than real ones.
	Ratio int64
	// Members is the number of files, folders and links in an archive.
	Members int
	// Runs is the number of runs in an archive.
	Runs int
	// Results is the number of test cases in a JUnit file.
	Results int
	// Artifact is the size of one file in an archive.
	Artifact int64
	// Document is the size of a run.json or result.json, and of the properties of a JUnit file that follow the test
	// cases to which they apply.
	Document int64
	// Text is the size of one text in a JUnit file: the output of a test, a traceback, a tag with its attributes.
	Text int
	// Depth is how deep elements or JSON values may nest.
	Depth int
	// Attributes is the number of attributes of one element.
	Attributes int
}

// DefaultLimits are the limits that hold where nothing else is set.
func DefaultLimits() Limits {
	return Limits{
		Upload:     1 << 30,
		Unpacked:   8 << 30,
		Ratio:      250,
		Members:    1_000_000,
		Runs:       100,
		Results:    5_000_000,
		Artifact:   64 << 20,
		Document:   16 << 20,
		Text:       16 << 20,
		Depth:      100,
		Attributes: 256,
	}
}

// orDefaults fills in what is not set.
func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	fill(&l.Upload, d.Upload)
	fill(&l.Unpacked, d.Unpacked)
	fill(&l.Ratio, d.Ratio)
	fill(&l.Members, d.Members)
	fill(&l.Runs, d.Runs)
	fill(&l.Results, d.Results)
	fill(&l.Artifact, d.Artifact)
	fill(&l.Document, d.Document)
	fill(&l.Text, d.Text)
	fill(&l.Depth, d.Depth)
	fill(&l.Attributes, d.Attributes)
	return l
}

func fill[N int | int64](limit *N, standard N) {
	if *limit == 0 {
		*limit = standard
	}
}
