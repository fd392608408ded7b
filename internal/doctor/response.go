package doctor

import "io"

// ReadResponse reads a saved answer.
func ReadResponse(r io.Reader) (Answer, error) {
	_, err := io.ReadAll(r)
	return Answer{}, err
}
