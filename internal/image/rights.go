package image

import "io/fs"

// SetID are the files that run as their owner or their group, whoever starts
// them.
func (img *Image) SetID() []*File {
	var list []*File
	for f := range img.Tree.All() {
		if f.IsRegular() && f.Mode&0o111 != 0 && f.Mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			list = append(list, f)
		}
	}
	return list
}

// WorldWritable are the files and folders in which everybody may write.
// Folders with the sticky bit, as /tmp, are left out.
func (img *Image) WorldWritable() []*File {
	var list []*File
	for f := range img.Tree.All() {
		if f.Mode.Perm()&0o002 != 0 && (f.IsRegular() || f.IsDir() && f.Mode&fs.ModeSticky == 0) {
			list = append(list, f)
		}
	}
	return list
}

// Writable are the files below a folder that id may write, by their mode bits.
// Root may write all.
func (img *Image) Writable(dir string, id Identity) []*File {
	var list []*File
	for f := range img.Tree.Under(dir) {
		if f.IsRegular() && f.May(id, Write) {
			list = append(list, f)
		}
	}
	return list
}

// OwnedBy are the files and folders of a user.
func (img *Image) OwnedBy(uid int) []*File {
	var list []*File
	for f := range img.Tree.All() {
		if f.UID == uid {
			list = append(list, f)
		}
	}
	return list
}

// Files are the entries of one layer in the order of its archive, removals
// left out.
func (img *Image) Files(layer int) []File { return img.Layers[layer].files }
